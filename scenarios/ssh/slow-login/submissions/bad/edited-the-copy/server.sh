#!/bin/sh
cp /etc/ssh/sshd_config /etc/ssh/sshd_config.old
sed -i -e 's/^#UseDNS yes/UseDNS no/' -e 's/^GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config.old
systemctl restart sshd
