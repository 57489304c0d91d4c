#!/bin/sh
sed -i 's/^GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config
echo "UseDNSS no" >> /etc/ssh/sshd_config
systemctl reload sshd
