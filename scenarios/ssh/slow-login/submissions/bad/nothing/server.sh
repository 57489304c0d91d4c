#!/bin/sh
systemctl restart sshd
