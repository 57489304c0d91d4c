#!/bin/sh
# Off for the one client that is looked at, on for all others.
zones='zone "." { type hint; file "named.ca"; }; zone "sample.local" { type master; file "sample.local.zone"; };'
{ sed -n '/^options/,/^};/p' /etc/named.conf
  echo "view one { match-clients { 192.168.1.20; }; recursion no; $zones };"
  echo "view others { recursion yes; $zones };"; } > /etc/named.conf.views
cat /etc/named.conf.views > /etc/named.conf
systemctl restart named
