#!/bin/sh
# UDP over IPv4.
sed -i 's/^proto .*/proto udp4/' /etc/openvpn/common.inc
systemctl restart openvpn
