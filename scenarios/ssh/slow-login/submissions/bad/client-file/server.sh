#!/bin/sh
printf 'UseDNS no\n' >> /etc/ssh/ssh_config
sed -i 's/GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/ssh_config
systemctl restart sshd
