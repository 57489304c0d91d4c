#!/bin/sh
# Not the course's way, with the same result: nobody may make the server ask.
sed -i 's/^\trecursion yes;/&\n\tallow-recursion { none; };/' /etc/named.conf
systemctl restart named
