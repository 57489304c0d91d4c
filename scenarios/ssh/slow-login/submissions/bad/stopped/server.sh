#!/bin/sh
echo "UseDNS no" >> /etc/ssh/sshd_config
echo "AddressFamily inet" >> /etc/ssh/sshd_config
cp /etc/ssh/sshd_config /etc/ssh/sshd_config.old
sed "s/GSSAPIAuthentication yes/GSSAPIAuthentication no/g" /etc/ssh/sshd_config.old > /etc/ssh/sshd_config
systemctl stop sshd
