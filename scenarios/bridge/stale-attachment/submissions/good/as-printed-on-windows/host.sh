VBoxManage.exe controlvm cent7 nic2 null
VBoxManage.exe controlvm cent7 nic2 bridged "Realtek PCIe GBE Family Controller"
