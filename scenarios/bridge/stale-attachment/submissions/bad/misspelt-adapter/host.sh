VBoxManage controlvm cent7 nic2 null
VBoxManage controlvm cent7 nic2 bridged "Realtek PCIe GbE Family Controller"
