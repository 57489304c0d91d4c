#!/bin/sh
# In front of the rule that drops; the first that fits decides.
iptables -I FORWARD -p udp --dport 4500 -j ACCEPT
iptables-save > /etc/iptables/rules.v4
