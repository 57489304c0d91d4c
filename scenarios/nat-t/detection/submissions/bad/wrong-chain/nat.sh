#!/bin/sh
# What passes through does not come here.
iptables -I INPUT -p udp --dport 4500 -j ACCEPT
iptables -I OUTPUT -p udp --sport 4500 -j ACCEPT
iptables-save > /etc/iptables/rules.v4
