#!/bin/sh
echo "AddressFamily inet" >> /etc/ssh/sshd_config
systemctl restart sshd
