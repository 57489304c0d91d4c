#!/bin/sh
# No server at all, only something that refuses whatever it is asked.
cat > /usr/local/sbin/responder <<'END'
use Socket;
socket(S, PF_INET, SOCK_DGRAM, 0) && bind(S, sockaddr_in(53, INADDR_ANY)) || die $!;
while (my $peer = recv(S, my $query, 4096, 0)) {
	my ($id, $bits, @counts) = unpack("n6", $query);
	my ($name) = unpack("Z*", substr($query, 12));
	my $question = substr($query, 12, length($name) + 5);
	send(S, pack("n6", $id, 0x8005 | $bits & 0x7900, 1, 0, 0, 0) . $question, 0, $peer);
}
END
systemctl stop named
setsid perl /usr/local/sbin/responder < /dev/null > /dev/null 2>&1 &
until dig +tries=1 +timeout=1 @127.0.0.1 www.sample.local. > /dev/null; do sleep 0.1; done
