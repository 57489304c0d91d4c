#!/bin/sh
# The documented line.
cp /etc/vpnc/lab.conf /etc/vpnc/lab.conf.old
sed "s/NAT Traversal Mode none/NAT Traversal Mode natt/" /etc/vpnc/lab.conf.old > /etc/vpnc/lab.conf
