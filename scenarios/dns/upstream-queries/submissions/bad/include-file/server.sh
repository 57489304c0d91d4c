#!/bin/sh
# The line is in another file, which the expression does not see.
echo 'recursion yes;' > /etc/named.recursion.conf
sed -i 's|recursion yes;|include "/etc/named.recursion.conf";|' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
