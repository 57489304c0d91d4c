#!/bin/sh
# The server is told by its own tool.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
rndc reload
