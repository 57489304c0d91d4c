#!/bin/sh
# The other's file, name and password included.
cat > /etc/vpnc/lab.conf << END
IPSec gateway 198.51.100.10
IPSec ID employees
IPSec secret lab-psk-1
Xauth username alice
Xauth password alices-password
NAT Traversal Mode natt
Perfect Forward Secrecy nopfs
DPD idle timeout (our side) 0
Script /usr/lib/saiten/vpnc-script 10.99.0.0/24
Noninteractive
END
