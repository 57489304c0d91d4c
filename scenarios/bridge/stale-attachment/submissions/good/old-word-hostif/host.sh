VBoxManage controlvm cent7 nic2 null
VBoxManage controlvm cent7 nic2 hostif "Realtek PCIe GBE Family Controller"
