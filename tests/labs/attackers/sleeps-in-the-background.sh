# Holds the output open long after it has ended.
setsid sleep 1000 &
