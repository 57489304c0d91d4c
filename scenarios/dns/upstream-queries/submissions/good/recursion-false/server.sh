#!/bin/sh
# The same in another word.
sed -i 's/recursion yes/recursion false/' /etc/named.conf
systemctl restart named
