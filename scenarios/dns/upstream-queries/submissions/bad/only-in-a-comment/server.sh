#!/bin/sh
# The expression meets a comment, and the default is yes.
sed -i 's|recursion yes;|// &|' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
