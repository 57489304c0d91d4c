#!/bin/sh
sed -i 's/^#UseDNS yes/UseDNS no/' /etc/ssh/sshd_config
# The administrator's line and block.
sed -i '/^GSSAPIAuthentication/d' /etc/ssh/sshd_config
printf 'GSSAPIAuthentication yes\nMatch User backup\n\tX11Forwarding no\n' >> /etc/ssh/sshd_config
echo 'GSSAPIAuthentication no' >> /etc/ssh/sshd_config
systemctl restart sshd
