#!/bin/sh
# Where nobody looks for it.
sed -i 's/dos_protection = no/&\n\tport_nat_t = 4501/' /etc/strongswan.d/lab.conf
systemctl restart strongswan
