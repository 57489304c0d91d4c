#!/bin/sh
# What is in the cache stays refused, too.
sed -i 's/^\trecursion yes;/&\n\tallow-query-cache { any; };/' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
