#!/bin/sh
echo "AddressFamily inet6" >> /etc/ssh/sshd_config
systemctl restart sshd
