#!/bin/sh
sed -i 's/^GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config
echo "UseDNS" >> /etc/ssh/sshd_config
systemctl restart sshd
