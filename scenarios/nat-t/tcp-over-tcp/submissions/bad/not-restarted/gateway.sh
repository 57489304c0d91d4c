#!/bin/sh
# The daemons go on as before.
sed -i 's/^proto .*/proto udp/' /etc/openvpn/common.inc
