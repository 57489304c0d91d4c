#!/bin/sh
# The line that sets address and route is gone.
cp /etc/vpnc/lab.conf /etc/vpnc/lab.conf.old
sed "s/NAT Traversal Mode none/NAT Traversal Mode natt/" /etc/vpnc/lab.conf.old > /etc/vpnc/lab.conf
sed -i 's|^Script .*|Script /bin/true|' /etc/vpnc/lab.conf
