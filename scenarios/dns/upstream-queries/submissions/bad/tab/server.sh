#!/bin/sh
# A tab between the words: the expression meets nothing.
sed -i 's/recursion yes/recursion\tyes/' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
