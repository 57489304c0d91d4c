#!/bin/sh
# The private network, through the router.
ip route add 192.168.1.0/24 via 198.51.100.1
