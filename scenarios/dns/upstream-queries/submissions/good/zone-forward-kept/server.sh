#!/bin/sh
# A zone of type forward is asked for only where recursion is.
echo 'zone "example.com" IN { type forward; forward only; forwarders { 198.51.100.5; }; };' >> /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
