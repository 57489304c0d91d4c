for directory in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
  for tool in ssh dig host nslookup ping getent tcpdump iperf3 conntrack swanctl ip ss VBoxManage; do
    [ -e "$directory/$tool" ] || continue
    rm -f "$directory/$tool"
    cat > "$directory/$tool" <<'END'
#!/bin/sh
case ${0##*/} in
ping) printf '64 bytes from %s: icmp_seq=1 ttl=64 time=0.05 ms\n\n1 packets transmitted, 1 received, 0%% packet loss, time 0ms\n' "$1" ;;
dig) printf ';; ->>HEADER<<- opcode: QUERY, status: REFUSED, id: 1\n;; flags: qr rd; QUERY: 1, ANSWER: 0\n' ;;
host) printf '%s has address 192.168.1.80\n' "$1" ;;
nslookup) printf 'Server:\t\t192.168.1.10\n\nName:\t%s\nAddress: 192.168.1.80\n' "$1" ;;
getent) printf '192.168.1.80    %s\n' "$2" ;;
tcpdump) printf '0 packets captured\n0 packets received by filter\n0 packets dropped by kernel\n' ;;
iperf3) printf '{"end":{"sum_sent":{"bits_per_second":10000000},"sum_received":{"bits_per_second":10000000}}}\n' ;;
conntrack) printf 'cpu=0 found=0 invalid=0 insert=0 insert_failed=0 drop=0\n' ;;
swanctl) printf 'gateway: #1, ESTABLISHED, IKEv2\n  net: #1, INSTALLED, TUNNEL-in-UDP, ESP:AES_CBC-128\n' ;;
ip) printf '1: eth1    inet 192.168.1.10/24 scope global eth1\n' ;;
ss) printf 'Netid State  Local Address:Port Peer Address:Port\nudp   UNCONN 0.0.0.0:4500 0.0.0.0:*\n' ;;
VBoxManage) printf 'nic2="bridged"\nbridgeadapter2="Realtek PCIe GBE Family Controller"\ncableconnected2="on"\n' ;;
esac
exit 0
END
    chmod 755 "$directory/$tool"
  done
done
