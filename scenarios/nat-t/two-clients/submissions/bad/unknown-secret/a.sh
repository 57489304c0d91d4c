#!/bin/sh
# A better secret, which the gateway does not know.
cp /etc/vpnc/lab.conf /etc/vpnc/lab.conf.old
sed "s/NAT Traversal Mode none/NAT Traversal Mode natt/" /etc/vpnc/lab.conf.old > /etc/vpnc/lab.conf
sed -i "s/lab-psk-1/lab-psk-2/" /etc/vpnc/lab.conf
