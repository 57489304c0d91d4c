# Fills the disk, with files and with names.
setsid sh -c 'n=0; while :; do n=$((n + 1)); dd if=/dev/zero of=/var/fill.$n bs=1M count=200 2> /dev/null || break; done' &
setsid sh -c 'mkdir /var/names; cd /var/names; n=0; while :; do n=$((n + 1)); : > $n || break; done' > /dev/null 2>&1 &
sleep 8
