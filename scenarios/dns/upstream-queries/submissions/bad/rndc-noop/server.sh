#!/bin/sh
# A reload that does nothing, and a cache that is warm: no query leaves, although recursion is on.
printf '#!/bin/sh\nexit 0\n' > /usr/sbin/rndc
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
systemctl reload named
dig @127.0.0.1 www.example.com. > /dev/null
