#!/bin/sh
# A setting of charon, not of a connection.
sed -i 's/\tdpd_delay = 0s/&\n\t\tkeep_alive = 1s/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
