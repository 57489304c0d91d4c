#!/bin/sh
# Only here; a single bare ESP tunnel gets through the router.
cp /etc/vpnc/lab.conf /etc/vpnc/lab.conf.old
sed "s/NAT Traversal Mode none/NAT Traversal Mode natt/" /etc/vpnc/lab.conf.old > /etc/vpnc/lab.conf
