# Takes the wires out.
ip link del eth1
ip tuntap del dev eth1 mode tap
ip link set eth1 netns 1
true
