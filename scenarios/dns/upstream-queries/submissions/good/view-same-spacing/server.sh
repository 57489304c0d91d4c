#!/bin/sh
# A view says it again, in the same words: the expression meets both.
{ sed -n '/^options/,/^};/p' /etc/named.conf
  echo 'view "lab" {'
  echo 'recursion yes;'
  echo 'zone "." IN { type hint; file "named.ca"; };'
  echo 'zone "sample.local" IN { type master; file "sample.local.zone"; };'
  echo '};'; } > /etc/named.conf.view
cat /etc/named.conf.view > /etc/named.conf
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl restart named
