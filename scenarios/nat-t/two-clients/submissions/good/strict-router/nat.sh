#!/bin/sh
# Only UDP ports 500 and 4500 go out, and only answers come in.
iptables -P FORWARD DROP
iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A FORWARD -i eth1 -o eth2 -p udp -m multiport --dports 500,4500 -j ACCEPT
iptables-save > /etc/iptables/rules.v4
