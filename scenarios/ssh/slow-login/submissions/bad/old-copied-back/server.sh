#!/bin/sh
cp /etc/ssh/sshd_config /etc/ssh/sshd_config.old
sed -i 's/^#UseDNS yes/UseDNS no/' /etc/ssh/sshd_config
sed -i 's/^GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config
cp /etc/ssh/sshd_config.old /etc/ssh/sshd_config
systemctl restart sshd
