#!/bin/sh
# Configuration alone, zones are left as they are.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
rndc reconfig
