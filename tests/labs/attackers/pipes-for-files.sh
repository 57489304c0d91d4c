# What is read as a file is a pipe, which nobody writes to, or has no end.
rm -f /etc/ssh/sshd_config /var/log/saiten/ssh.log
mkfifo /etc/ssh/sshd_config
ln -s /dev/zero /var/log/saiten/ssh.log
