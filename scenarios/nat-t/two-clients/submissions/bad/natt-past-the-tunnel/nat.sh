#!/bin/sh
# The gateway routes, so why a tunnel?
ip route add 10.99.0.0/24 via 198.51.100.10
