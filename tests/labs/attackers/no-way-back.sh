# Nobody shall measure: the client's packets go nowhere.
ip route add blackhole 192.168.1.20/32
