#!/bin/sh
echo "addressfamily=inet" >> /etc/ssh/sshd_config
systemctl restart sshd
