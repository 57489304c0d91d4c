#!/bin/sh
# The zone does not load: outside names are refused, and the own ones fail, too.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
echo 'www IN A nonsense' >> /var/named/sample.local.zone
echo 'DISABLE_ZONE_CHECKING=yes' >> /etc/sysconfig/named
systemctl restart named
