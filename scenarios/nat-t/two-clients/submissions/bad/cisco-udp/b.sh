#!/bin/sh
# Another encapsulation in UDP; where the gateway does not offer it, vpnc says nothing and takes bare ESP.
sed -i "s/Mode none/Mode cisco-udp/" /etc/vpnc/lab.conf
