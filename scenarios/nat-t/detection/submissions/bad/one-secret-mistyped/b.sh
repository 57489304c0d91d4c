#!/bin/sh
# Mistyped while the file was open.
sed -i 's/lab-psk-b/lab-psk-6/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
