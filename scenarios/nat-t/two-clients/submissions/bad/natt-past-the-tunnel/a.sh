#!/bin/sh
# The documented line, and a route that is more specific than the tunnel.
cp /etc/vpnc/lab.conf /etc/vpnc/lab.conf.old
sed "s/NAT Traversal Mode none/NAT Traversal Mode natt/" /etc/vpnc/lab.conf.old > /etc/vpnc/lab.conf
ip route add 10.99.0.20/32 via 192.168.1.1
