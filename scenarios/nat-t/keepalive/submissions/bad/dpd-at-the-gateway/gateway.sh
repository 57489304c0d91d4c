#!/bin/sh
# From outside, as long as the router still remembers.
sed -i 's/dpd_delay = 0s/dpd_delay = 1s/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
