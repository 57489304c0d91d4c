#!/bin/sh
# Free addresses of the inner network; nobody there answers for them.
sed -i 's/10\.200\.0\.11/10.99.0.211/; s/10\.200\.0\.12/10.99.0.212/' /etc/swanctl/conf.d/lab.conf
systemctl restart strongswan
