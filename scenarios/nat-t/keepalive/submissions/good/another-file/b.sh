#!/bin/sh
# Read after lab.conf: what is read last counts.
printf "charon {\n\tkeep_alive = 1s\n}\n" > /etc/strongswan.d/late.conf
systemctl restart strongswan
