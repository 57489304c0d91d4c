#!/bin/sh
# The other's password.
cp /etc/vpnc/lab.conf /etc/vpnc/lab.conf.old
sed "s/NAT Traversal Mode none/NAT Traversal Mode natt/" /etc/vpnc/lab.conf.old > /etc/vpnc/lab.conf
sed -i "s/alices-password/bobs-password/" /etc/vpnc/lab.conf
