#!/bin/sh
# Out, yes; no rule lets the answers in.
cat > /etc/iptables/rules.v4 << END
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth1 -o eth2 -p udp -m multiport --dports 500,4500 -j ACCEPT
-A FORWARD -i eth2 -o eth1 -p udp --sport 500 -j ACCEPT
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
