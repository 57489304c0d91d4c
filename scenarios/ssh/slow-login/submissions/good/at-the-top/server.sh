#!/bin/sh
sed -i '1i UseDNS no\nGSSAPIAuthentication no' /etc/ssh/sshd_config
systemctl restart sshd
