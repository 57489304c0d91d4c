#!/bin/sh
sed -i 's/^#UseDNS yes/UseDNS no/' /etc/ssh/sshd_config
sed -i 's/^GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config
systemctl stop sshd
cat > /tmp/fake.pl <<'END'
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalPort => 22, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $listener->accept) { print $client "SSH-2.0-OpenSSH_7.4\r\n"; close $client; }
END
setsid perl /tmp/fake.pl < /dev/null > /dev/null 2>&1 &
