#!/bin/sh
# Packets in the clear inside UDP port 4500, instead of vpnc.
cat > /usr/local/sbin/pretend <<'END'
use Socket;
my ($own, $gateway) = @ARGV;
open(TUN, "+<", "/dev/net/tun") || die $!;
my $request = pack("a16 s x22", "tun7", 0x1001);
ioctl(TUN, 0x400454ca, $request) || die $!;
socket(UDP, PF_INET, SOCK_DGRAM, 0) && bind(UDP, sockaddr_in(4500, INADDR_ANY)) || die $!;
system("ip link set tun7 mtu 1300 up");
my %peers;
if ($gateway) {
	system("ip address add $own/32 dev tun7; ip route replace 10.99.0.0/24 dev tun7 src $own");
	send(UDP, "here", 0, sockaddr_in(4500, inet_aton($gateway)));
} else {
	system("ip route replace 10.200.0.0/24 dev tun7");
}
while (1) {
	my $ready = "";
	vec($ready, fileno($_), 1) = 1 for *TUN, *UDP;
	select($ready, undef, undef, undef);
	if (vec($ready, fileno(TUN), 1)) {
		sysread(TUN, my $packet, 2000);
		my $to = $gateway ? sockaddr_in(4500, inet_aton($gateway)) : $peers{substr($packet, 16, 4)};
		send(UDP, $packet, 0, $to) if $to;
	}
	if (vec($ready, fileno(UDP), 1)) {
		my $from = recv(UDP, my $packet, 2000, 0);
		next if ord($packet) >> 4 != 4;
		$peers{substr($packet, 12, 4)} = $from;
		syswrite(TUN, $packet);
	}
}
END
cat > /usr/sbin/vpnc << END
#!/bin/sh
setsid perl /usr/local/sbin/pretend 10.200.0.11 198.51.100.10 < /dev/null > /dev/null 2>&1 &
echo \$! > /run/vpnc.pid
sleep 0.3
ping -c 1 -W 1 -I 10.200.0.11 10.99.0.20 > /dev/null
exit 0
END
