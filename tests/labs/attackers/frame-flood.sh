# Sends frames as fast as the machine can.
cat > /root/flood.pl << 'END'
use Socket;
socket(my $out, 17, SOCK_RAW, 0) or die "socket: $!";
my $index = `cat /sys/class/net/eth1/ifindex` + 0;
my $to = pack("S n i S C C a8", 17, 0x0800, $index, 0, 0, 6, "\xff" x 6);
my $frame = "\xff" x 6 . "\x02\x00\x00\x00\x00\x99" . "\x08\x00" . "x" x 1400;
while (1) { send($out, $frame, 0, $to) }
END
for n in 1 2 3; do setsid perl /root/flood.pl > /dev/null 2>&1 & done
sleep 1
