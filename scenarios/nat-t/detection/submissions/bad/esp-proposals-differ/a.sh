#!/bin/sh
# IKE agrees, ESP does not.
sed -i 's/esp_proposals = .*/esp_proposals = aes256-sha512/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
