#!/bin/sh
# A reload is enough, and keeps what the server knows.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl reload named
