#!/bin/sh
# Out of the running rules first.
iptables -D FORWARD -p udp -m udp --dport 4500 -j DROP
iptables-save > /etc/iptables/rules.v4
