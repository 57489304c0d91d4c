VBoxManage controlvm cent7 nic1 null
VBoxManage controlvm cent7 nic1 nat
