#!/bin/sh
# Without the line there is nothing to replace, and the default is yes.
sed -i '/recursion yes;/d' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
