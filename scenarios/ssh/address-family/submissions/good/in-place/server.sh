#!/bin/sh
sed -i 's/^#AddressFamily any/AddressFamily inet/' /etc/ssh/sshd_config
systemctl reload sshd
