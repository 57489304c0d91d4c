#!/bin/sh
# A misspelt restart.
sed -i 's/keep_alive = 0/keep_alive = 1s/' /etc/strongswan.d/lab.conf
systemctl stop strongswan
