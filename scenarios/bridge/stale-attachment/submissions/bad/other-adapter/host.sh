VBoxManage controlvm cent7 nic2 null
VBoxManage controlvm cent7 nic2 bridged "Intel(R) Wi-Fi 6 AX201 160MHz"
