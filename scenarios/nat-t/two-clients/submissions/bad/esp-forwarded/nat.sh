#!/bin/sh
# "Forward the port": ESP has none, so all of it goes to one.
iptables -t nat -A PREROUTING -i eth2 -p esp -j DNAT --to-destination 192.168.1.11
iptables-save > /etc/iptables/rules.v4
