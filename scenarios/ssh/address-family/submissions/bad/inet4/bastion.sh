#!/bin/sh
echo "AddressFamily inet4" >> /etc/ssh/sshd_config
systemctl restart sshd
