#!/bin/sh
# A number without a unit is one of seconds.
printf "charon {\n\tkeep_alive = 1\n}\n" > /etc/strongswan.d/lab.conf
systemctl restart strongswan
