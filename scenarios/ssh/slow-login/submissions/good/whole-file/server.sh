#!/bin/sh
cat > /etc/ssh/sshd_config <<'END'
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile .ssh/authorized_keys
UsePAM yes
UseDNS no
GSSAPIAuthentication no
Subsystem sftp /usr/lib/openssh/sftp-server
END
systemctl restart sshd
