#!/bin/sh
# The address is always the same: SNAT does as well.
sed -i 's/-j MASQUERADE/-j SNAT --to-source 198.51.100.1/' /etc/iptables/rules.v4
iptables-restore /etc/iptables/rules.v4
