#!/bin/sh
# Recursion is on, only the way out is gone.
ip link set eth2 down
