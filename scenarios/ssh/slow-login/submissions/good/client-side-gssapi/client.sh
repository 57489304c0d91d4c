#!/bin/sh
mkdir -p /root/.ssh
printf 'Host *\n\tGSSAPIAuthentication no\n' >> /root/.ssh/config
chmod 600 /root/.ssh/config
