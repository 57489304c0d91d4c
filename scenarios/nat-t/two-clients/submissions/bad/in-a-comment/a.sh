#!/bin/sh
# A new line that is a comment; the old one is in force.
echo "# NAT Traversal Mode natt" >> /etc/vpnc/lab.conf
