#!/bin/sh
# A route that is more specific than the tunnel.
ip route add 10.99.0.20/32 via 192.168.1.1
