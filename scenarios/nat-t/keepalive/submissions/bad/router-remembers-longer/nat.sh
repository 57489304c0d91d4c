#!/bin/sh
# Not to be changed on this router, as on most that are not your own.
sysctl -w net.netfilter.nf_conntrack_udp_timeout=120 net.netfilter.nf_conntrack_udp_timeout_stream=120
