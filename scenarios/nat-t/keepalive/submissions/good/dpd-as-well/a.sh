#!/bin/sh
# Each has its purpose.
sed -i 's/keep_alive = 0/keep_alive = 1s/' /etc/strongswan.d/lab.conf
sed -i 's/dpd_delay = 0s/dpd_delay = 1s/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
