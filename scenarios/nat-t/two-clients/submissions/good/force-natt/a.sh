#!/bin/sh
# UDP, whether there is a NAT or not.
sed -i "s/Mode none/Mode force-natt/" /etc/vpnc/lab.conf
