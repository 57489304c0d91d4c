#!/bin/sh
# Allowed to everybody, and yet off: named only warns.
sed -i 's/^\trecursion yes;/&\n\tallow-recursion { any; };/' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
