#!/bin/sh
# Two spaces, and an expression that does not count them.
sed -i 's/recursion yes/recursion  yes/' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed -E "s/^([[:space:]]*recursion)[[:space:]]+yes;/\1 no;/" /etc/named.conf.old > /etc/named.conf
systemctl restart named
