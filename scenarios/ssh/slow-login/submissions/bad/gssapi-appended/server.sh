#!/bin/sh
sed -i 's/^#UseDNS yes/UseDNS no/' /etc/ssh/sshd_config
echo "GSSAPIAuthentication no" >> /etc/ssh/sshd_config
systemctl restart sshd
