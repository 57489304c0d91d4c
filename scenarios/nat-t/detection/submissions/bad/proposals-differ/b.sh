#!/bin/sh
# Stronger than what the gateway accepts.
sed -i 's/ proposals = aes128-sha256-x25519/ proposals = aes256-sha512-modp4096/; s/\tproposals = aes128-sha256-x25519/\tproposals = aes256-sha512-modp4096/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
