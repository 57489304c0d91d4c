#!/bin/sh
# What vpnc does unless told otherwise.
sed -i "/^NAT Traversal Mode/d" /etc/vpnc/lab.conf
