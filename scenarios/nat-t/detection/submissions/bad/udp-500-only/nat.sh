#!/bin/sh
# Port 500, ESP, and what belongs to them.
cat > /etc/iptables/rules.v4 << END
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i eth1 -o eth2 -p udp --dport 500 -j ACCEPT
-A FORWARD -i eth1 -o eth2 -p esp -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o eth2 -j MASQUERADE
COMMIT
END
iptables-restore /etc/iptables/rules.v4
