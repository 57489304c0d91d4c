#!/bin/sh
echo '192.168.1.40 target.lab' >> /etc/hosts
