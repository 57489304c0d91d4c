VBoxManage controlvm cent7 nic2 nat
VBoxManage controlvm cent7 nic2 bridged "Realtek PCIe GBE Family Controller"
