#!/bin/sh
# Addresses that look free at the gateway.
sed -i 's/10\.200\.0\.11/192.168.1.211/; s/10\.200\.0\.12/192.168.1.212/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
