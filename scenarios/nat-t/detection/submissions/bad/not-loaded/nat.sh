#!/bin/sh
# Edited, and the running rules are as before.
cp /etc/iptables/rules.v4 /etc/iptables/rules.v4.old
sed "/--dport 4500 -j DROP/d" /etc/iptables/rules.v4.old > /etc/iptables/rules.v4
