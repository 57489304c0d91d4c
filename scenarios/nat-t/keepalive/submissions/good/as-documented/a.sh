#!/bin/sh
# The documented line.
cp /etc/strongswan.d/lab.conf /etc/strongswan.d/lab.conf.old
sed "s/keep_alive = 0/keep_alive = 1s/" /etc/strongswan.d/lab.conf.old > /etc/strongswan.d/lab.conf
systemctl restart strongswan
