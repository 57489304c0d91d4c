#!/bin/sh
# A forwarder is asked only where recursion is.
sed -i 's/^\trecursion yes;/&\n\tforwarders { 198.51.100.5; };/' /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
