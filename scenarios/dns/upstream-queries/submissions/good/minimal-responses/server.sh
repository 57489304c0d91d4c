#!/bin/sh
# Shorter answers, nothing else.
sed -i 's/^\trecursion yes;/&\n\tminimal-responses yes;/' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
