VBoxManage controlvm cent7 setlinkstate2 off
VBoxManage controlvm cent7 setlinkstate2 on
