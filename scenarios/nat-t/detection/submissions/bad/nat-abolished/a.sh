#!/bin/sh
# IKE stays on port 500 where it finds no NAT.
sed -i 's/\tversion = 2/&\n\t\tmobike = no/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
