#!/bin/sh
# Recursion is on, only the way to the root is gone.
ip route add blackhole 198.51.100.2
