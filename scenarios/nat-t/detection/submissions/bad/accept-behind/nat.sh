#!/bin/sh
# Appended: the rule that drops comes first.
iptables -A FORWARD -p udp --dport 4500 -j ACCEPT
iptables-save > /etc/iptables/rules.v4
