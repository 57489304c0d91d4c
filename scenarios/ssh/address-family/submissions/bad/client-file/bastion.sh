#!/bin/sh
echo "AddressFamily inet" >> /etc/ssh/ssh_config
systemctl restart sshd
