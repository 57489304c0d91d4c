#!/bin/sh
# Port 4500 of TCP, where nothing goes.
iptables -I FORWARD -p tcp --dport 4500 -j ACCEPT
iptables-save > /etc/iptables/rules.v4
