#!/bin/sh
# The line is right, but the zone has gone with it.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
sed -i '/^zone "sample.local"/,/^};/d' /etc/named.conf
systemctl restart named
