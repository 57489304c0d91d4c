# What is read as a file says that it is enormous.
truncate -s 900G /var/log/saiten/ssh.log /etc/ssh/moduli
echo 'UseDNS yes' >> /etc/ssh/sshd_config
