# Ends everything that it may, the lab's own first process, too, if that were possible.
kill -9 1
kill -STOP 1
kill -9 -1
