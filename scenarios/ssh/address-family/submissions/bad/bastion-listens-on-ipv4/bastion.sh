#!/bin/sh
echo 'ListenAddress 0.0.0.0' >> /etc/ssh/sshd_config
systemctl restart sshd
