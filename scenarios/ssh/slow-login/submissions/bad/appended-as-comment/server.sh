#!/bin/sh
printf '#UseDNS no\n# GSSAPIAuthentication no\n' >> /etc/ssh/sshd_config
systemctl restart sshd
