#!/bin/sh
# Recursion is on, only the root is not to be asked.
echo 'server 198.51.100.2 { bogus yes; };' >> /etc/named.conf
systemctl restart named
