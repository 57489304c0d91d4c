#!/bin/sh
iptables -A OUTPUT -p udp --dport 53 -j DROP
systemctl restart sshd
