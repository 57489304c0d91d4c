VBoxManage controlvm centos7 nic2 null
VBoxManage controlvm centos7 nic2 bridged "Realtek PCIe GBE Family Controller"
