# Never ends, and never rests.
while :; do :; done
