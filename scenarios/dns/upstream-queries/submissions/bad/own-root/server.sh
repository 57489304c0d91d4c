#!/bin/sh
# An empty root of its own: outside names do not exist, nothing leaves, and recursion is on.
sed -i '/^zone "\."/,/^};/d' /etc/named.conf
echo 'zone "." IN { type master; file "named.empty"; };' >> /etc/named.conf
systemctl restart named
