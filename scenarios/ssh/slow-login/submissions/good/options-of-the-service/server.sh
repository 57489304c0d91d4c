#!/bin/sh
echo 'SSHD_OPTS="-E /dev/stderr -o UseDNS=no -o GSSAPIAuthentication=no"' > /etc/default/ssh
systemctl restart sshd
