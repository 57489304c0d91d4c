#!/bin/sh
# The zone does not load, and the service does not start with such a zone.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
echo 'www IN A nonsense' >> /var/named/sample.local.zone
systemctl restart named
