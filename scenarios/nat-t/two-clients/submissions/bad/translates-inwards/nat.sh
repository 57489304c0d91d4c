#!/bin/sh
# eth1 is the side of the clients.
sed -i 's/-o eth2/-o eth1/' /etc/iptables/rules.v4
iptables-restore /etc/iptables/rules.v4
