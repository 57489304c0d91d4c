#!/bin/sh
printf 'Match User backup\n\tX11Forwarding no\n' >> /etc/ssh/sshd_config
# The administrator's block ends here.
printf 'Match all\nUseDNS no\n' >> /etc/ssh/sshd_config
sed -i 's/^GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config
systemctl restart sshd
