#!/bin/sh
# The edit loses a semicolon: the reload fails, and the server goes on as before.
cp /etc/named.conf /etc/named.conf.old
sed 's/recursion yes;/recursion no/' /etc/named.conf.old > /etc/named.conf
rndc reload
