#!/bin/sh
# The documented lines.
cp /etc/iptables/rules.v4 /etc/iptables/rules.v4.old
sed "/--dport 4500 -j DROP/d" /etc/iptables/rules.v4.old > /etc/iptables/rules.v4
iptables-restore /etc/iptables/rules.v4
