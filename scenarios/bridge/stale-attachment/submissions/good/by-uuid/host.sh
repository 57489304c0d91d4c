vm=8ffdf553-21bf-437e-bdea-13907ed80b66
VBoxManage controlvm $vm nic2 null
VBoxManage controlvm $vm nic2 bridged "Realtek PCIe GBE Family Controller"
