#!/bin/sh
# Misspelt: vpnc knows no such mode, and does not start.
sed -i "s/Mode none/Mode nat-t/" /etc/vpnc/lab.conf
