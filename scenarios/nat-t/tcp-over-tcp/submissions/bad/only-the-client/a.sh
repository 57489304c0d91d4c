#!/bin/sh
# Only at this end, and only for one tunnel.
echo "proto udp" >> /etc/openvpn/lossy.conf
systemctl restart openvpn
