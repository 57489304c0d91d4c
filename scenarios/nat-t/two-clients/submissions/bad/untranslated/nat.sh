#!/bin/sh
# Nothing is translated any more.
iptables -t nat -F POSTROUTING
