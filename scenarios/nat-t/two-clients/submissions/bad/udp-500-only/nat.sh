#!/bin/sh
# Port 500 and ESP, as an old how-to says.
iptables -P FORWARD DROP
iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A FORWARD -i eth1 -o eth2 -p udp --dport 500 -j ACCEPT
iptables -A FORWARD -i eth1 -o eth2 -p esp -j ACCEPT
