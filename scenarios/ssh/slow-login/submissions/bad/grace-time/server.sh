#!/bin/sh
sed -i 's/^#LoginGraceTime 2m/LoginGraceTime 1/' /etc/ssh/sshd_config
systemctl restart sshd
