# Takes the client's and the resolver's addresses, on the wire and in IP.
ip link set eth1 down
ip link set eth1 address "$(ip neigh show 192.168.1.20 | sed -n 's/.*lladdr \([0-9a-f:]*\).*/\1/p' | head -1 | grep . || echo 02:00:00:00:00:20)"
ip link set eth1 up
ip addr add 192.168.1.20/24 dev eth1
ip addr add 192.168.1.99/24 dev eth1
