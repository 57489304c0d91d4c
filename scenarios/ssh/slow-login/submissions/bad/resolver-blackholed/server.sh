#!/bin/sh
ip route add blackhole 192.168.1.99
