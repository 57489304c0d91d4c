#!/bin/sh
# The old way to say reload.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
kill -HUP "$(cat /run/named/named.pid)"
sleep 1
