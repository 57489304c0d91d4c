#!/bin/sh
printf 'UseDNS no\nGSSAPIAuthentication no\n' > /etc/ssh/sshd_config.d/00-quick.conf
sed -i '1i Include /etc/ssh/sshd_config.d/*.conf' /etc/ssh/sshd_config
systemctl restart sshd
