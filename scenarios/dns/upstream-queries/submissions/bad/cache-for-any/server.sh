#!/bin/sh
# Nobody may make the server ask, but whoever comes may read what it has in its cache, and gets referrals for the rest.
sed -i 's/^\trecursion yes;/&\n\tallow-recursion { none; };\n\tallow-query-cache { any; };/' /etc/named.conf
systemctl restart named
