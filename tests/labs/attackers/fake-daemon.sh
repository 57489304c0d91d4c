# Somebody else answers on the port, quickly.
systemctl stop sshd
cat > /root/fake.pl << 'END'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => 22, Listen => 9, ReuseAddr => 1) or die;
while (my $client = $server->accept) { print $client "SSH-2.0-OpenSSH_9.2\r\nsaiten\r\n"; close $client }
END
setsid perl /root/fake.pl > /dev/null 2>&1 &
sleep 1
