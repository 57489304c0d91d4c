ip link set tap0 nomaster
ip link set tap0 master br0
