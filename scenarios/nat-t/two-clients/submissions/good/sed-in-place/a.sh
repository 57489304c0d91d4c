#!/bin/sh
# Edited in place, and the tunnel is started again.
sed -i "s/Mode none/Mode natt/" /etc/vpnc/lab.conf
systemctl restart vpnc
