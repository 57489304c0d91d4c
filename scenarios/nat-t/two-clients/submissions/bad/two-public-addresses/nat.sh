#!/bin/sh
# A second address, and each client has one to itself.
ip address add 198.51.100.2/24 dev eth2
iptables -t nat -I POSTROUTING -s 192.168.1.11 -o eth2 -j SNAT --to-source 198.51.100.1
iptables -t nat -I POSTROUTING -s 192.168.1.12 -o eth2 -j SNAT --to-source 198.51.100.2
