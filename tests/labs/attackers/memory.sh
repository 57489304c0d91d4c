# Takes all memory, again and again.
for n in 1 2 3 4; do
  setsid perl -e 'while (1) { $x .= "x" x 1048576 }' > /dev/null 2>&1 &
done
sleep 3
