#!/bin/sh
# Home-made, and for ever.
setsid sh -c "while :; do ping -c 1 -W 1 10.99.0.20; sleep 1; done" < /dev/null > /dev/null 2>&1 &
