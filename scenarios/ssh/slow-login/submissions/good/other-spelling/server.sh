#!/bin/sh
sed -i '/^GSSAPIAuthentication/d' /etc/ssh/sshd_config
printf '\tusedns\t=\t"no"\nGSSAPIAUTHENTICATION=No # no Kerberos here\n' >> /etc/ssh/sshd_config
systemctl restart sshd
