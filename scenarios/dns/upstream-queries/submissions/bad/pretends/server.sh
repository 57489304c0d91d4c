#!/bin/sh
# No server at all, only something that knows one name and refuses the rest.
cp /etc/named.conf /etc/named.conf.old
sed "s/recursion yes/recursion no/g" /etc/named.conf.old > /etc/named.conf
cat > /usr/local/sbin/responder <<'END'
use Socket;
socket(S, PF_INET, SOCK_DGRAM, 0) && bind(S, sockaddr_in(53, INADDR_ANY)) || die $!;
while (my $peer = recv(S, my $query, 4096, 0)) {
	my ($id, $bits, @counts) = unpack("n6", $query);
	my ($name) = unpack("Z*", substr($query, 12));
	my $question = substr($query, 12, length($name) + 5);
	if ($name eq "\3www\6sample\5local" && substr($question, -4) eq "\0\1\0\1") {
		send(S, pack("n6", $id, 0x8400 | $bits & 0x7900, 1, 1, 0, 0) . $question . pack("n3Nn", 0xc00c, 1, 1, 86400, 4) . inet_aton("192.168.1.80"), 0, $peer);
		next;
	}
	send(S, pack("n6", $id, 0x8005 | $bits & 0x7900, 1, 0, 0, 0) . $question, 0, $peer);
}
END
systemctl stop named
setsid perl /usr/local/sbin/responder < /dev/null > /dev/null 2>&1 &
until dig +tries=1 +timeout=1 @127.0.0.1 www.sample.local. > /dev/null; do sleep 0.1; done
