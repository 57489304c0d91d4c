VBoxManage controlvm cent7 nic2 null
