#!/bin/sh
# The value is on a line of its own: sed sees one line at a time.
sed -i 's/recursion yes/recursion\nyes/' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
