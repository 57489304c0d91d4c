# Everything that root can try against the lab's own process and its sockets.
for fd in /proc/1/fd/*; do echo '{"answer":"done"}' > $fd; cat $fd | head -c 1; done 2> /dev/null
cat /proc/1/environ /proc/1/maps > /dev/null 2>&1
dd if=/dev/zero of=/proc/1/mem bs=1 count=1 2> /dev/null
echo -17 > /proc/1/oom_adj; echo 1000 > /proc/1/oom_score_adj
perl -e 'syscall(101, 16, 1, 0, 0); kill "SEGV", 1; kill "TERM", 1; kill "CONT", 1' # ptrace(PTRACE_ATTACH, 1)
perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => "/.wire/switch") and print $s "x" x 100000' 2> /dev/null
rm -rf /.saiten /.wire; umount /.saiten /proc 2> /dev/null
chmod 000 /.saiten/saiten; echo > /.saiten/saiten
renice -n 19 -p 1 > /dev/null 2>&1; chrt -i -p 0 1 > /dev/null 2>&1
true
