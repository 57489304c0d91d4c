ip link set br0 address 08:00:27:00:00:02
nohup ping -i 0.2 192.168.1.1 > /dev/null 2>&1 &
