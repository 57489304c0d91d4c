#!/bin/sh
echo "UseDNS no" >> /etc/ssh/sshd_config
echo "AddressFamily inet" >> /etc/ssh/sshd_config
sed "s/GSSAPIAuthentication yes/GSSAPIAuthentication no/g" /etc/ssh/sshd_config > /etc/ssh/sshd_config
systemctl restart sshd
