# Everything Saiten says, in English. Each phrase is in ja.ftl too, with the same arguments.

error-prefix = error:

# Verdicts
verdict-holds = { $metric } is { $value }; wanted { $bounds }
verdict-does-not-hold = { $metric } is { $value }; wanted { $bounds }
verdict-need-missing = this holds, but { $metric } is { $value }; wanted { $bounds }
verdict-straddles = { $metric } is { $value }; wanted { $bounds }, and the readings scatter around that bound
verdict-mixed = { $metric } holds in some samples and not in others
verdict-no-reading = the probe gave no reading of { $metric } in the arm { $arm }: { $reason }
verdict-service-failed = the service could not be used in { $failed } of { $of } samples: { $reason }
verdict-unsupported = this machine cannot run it: { $missing }
verdict-lab-error = the arm { $arm } failed in phase { $phase }: { $reason }
verdict-interrupted = the arm { $arm } was interrupted { $reason }
symptom-seen = the symptom is there: { $metric } is { $value }
symptom-absent = the symptom did not appear with the fixes omitted: { $metric } is { $value }, expected { $bounds }
symptom-holds-already = this already holds with the fixes omitted ({ $metric } is { $value }), so it proves nothing
trust-late = the switch was up to { $late } late in the arm { $arm } (load { $load } a processor): the machine is too busy for these figures
trust-frames-lost = { $count } frames were lost before the switch could see them in the arm { $arm }
trust-records-lost = { $count } captured frames were lost in the arm { $arm }
trust-capture-full = the capture was full before the arm { $arm } was measured to its end
trust-link = on the network { $network }, the { $what } was { $measured } in the arm { $arm }, where the scenario asks for { $asked }: the machine is too busy for these figures

# Findings
finding-fix-failed = fix { $fix } exited with { $status } on { $endpoint }: { $output }
finding-activation-failed = { $fix } exited with { $status } on { $endpoint }: { $output }
finding-nothing-changed = fix { $fix } changed nothing in { $path } on { $endpoint }
finding-configuration-same = fix { $fix } edited its file, but the daemon's effective configuration is the same
finding-left-behind = something could not be removed, try `saiten sweep`: { $reason }
# Grading
grade-nobody = nobody handed in anything in { $place }: it holds a directory or an archive for each student; for one student's own directory say --single
grade-nothing-accepted = nothing of what is asked for was handed in; asked for are { $names }
grade-no-image = { $name } is no image: { $why }
grading-calibrates = measuring the lab without and with the fix, which everybody is compared with
grading-progress = { $done } of { $of } graded · { $rate }/min · { $left } min left · { $review } for a person · { $refused } refused
measuring-again = { $scenario }: measuring { $count } again in quiet
mark-skipped = does not count: “{ $check }” has to hold first
finding-windows-lines = the script for { $endpoint } has Windows line ends (CR LF): the shell takes the CR as part of the last word
finding-submission-timed-out = the script for { $endpoint } did not end within { $limit } and was ended
finding-no-door = the lab is up, but cannot be entered: { $reason }

# What the wire saw
remark-silent-connect = { $count ->
    [0] { $endpoint } was silent for { $time } before it connected
   *[other] { $endpoint } was silent for { $time } before it connected, and asked { $queries }
    }
remark-silent-banner = { $count ->
    [0] { $endpoint } was silent for { $time } before the server identified itself
   *[other] { $endpoint } was silent for { $time } before the server identified itself, and asked { $queries }
    }
remark-silent-kex = { $count ->
    [0] { $endpoint } was silent for { $time } before the keys were exchanged
   *[other] { $endpoint } was silent for { $time } before the keys were exchanged, and asked { $queries }
    }
remark-silent-auth = { $count ->
    [0] { $endpoint } was silent for { $time } during authentication
   *[other] { $endpoint } was silent for { $time } during authentication, and asked { $queries }
    }
remark-silent-end = { $count ->
    [0] { $endpoint } was silent for { $time }, to the end
   *[other] { $endpoint } was silent for { $time }, to the end, and asked { $queries }
    }
remark-resent = { $count ->
    [one] one TCP segment was sent again
   *[other] { $count } TCP segments were sent again
    }
remark-vantages = three vantages of one login: ssh { $openssh }, the wire { $wire }, libssh2 { $libssh2 } (blind to GSSAPI)
remark-libssh2 = libssh2 could not log in: { $reason }
remark-link = link { $network }, asked and measured: round trip { $asked_rtt }, { $rtt }; loss { $asked_loss }, { $loss }; rate { $asked_rate }, { $rate }
remark-transfer = { $flows } × TCP with { $inner }, in UDP: { $goodput }, round trips { $rtt }, { $retransmits } segments sent again
remark-transfer-in-tcp = { $flows } × TCP with { $inner }, in TCP with { $outer }: { $goodput }, round trips { $rtt }, { $retransmits } segments sent again
remark-tunnel-down = { $client } has no tunnel after { $seconds }: { $said }; last IKE before the NAT: { $lan }; behind it: { $public }; { $client } logs: { $client_log }; { $gateway } logs: { $gateway_log }
remark-insert-failed = { $client } sent { $sent } ESP frames; the NAT could not tell { $failed } of them from the other client's and dropped them (insert_failed)
remark-misdelivered = { $count } ESP frames for { $client } were given to { $other } (SPI { $spi })
remark-esp-by = ESP at { $gateway } is done in { $esp ->
    [kernel] the kernel
   *[other] user space: the kernel has no ESP
    }
remark-hops = { $case ->
    [no] { "" }
   *[other] { $case }:{" "}
    }frames from guest to hypervisor, tap, uplink, wire: { $forth }; back from wire to uplink, tap, guest: { $back }; { $answered } answered: { $hop ->
    [nowhere] all passes
    [cable] the guest's NIC has no cable
    [guest] nothing leaves the guest
    [hypervisor] they stop inside the hypervisor
    [bridge] they stop in the bridge, between tap and uplink
    [wire] they stop between uplink and wire
    [peer] nobody on the wire answers
    [way-back] the answer stops on its way back, in the bridge
   *[other] the guest does not hear the answer
    }
remark-hop-trouble = could not be looked at: { $why }
remark-useless-helped = { $case }: what should not help did: { $line }
remark-not-restored = { $case }: the reference remedy did not bring the frames back

# Effects
effect-none = no effect here
effect-takes-off = takes off { $amount }
effect-adds = adds { $amount }
effect-hurts-more = makes it worse by { $amount }
effect-hurts-less = makes it worse: { $amount } less
effect-necessary-and-sufficient = {"; "}necessary and enough
effect-necessary = {"; "}necessary, not enough alone
effect-sufficient = {"; "}enough alone
effects-title = What each fix accounts for
effects-fix = fix
effects-metric = metric
effects-alone = alone
effects-last = last
effects-main = mean
effects-add-up = The effects add up: no two fixes act otherwise together than apart.
effects-interaction = { $one } and { $other } together: { $amount } of { $metric } beyond their sum

# Proof
proof-title = Known submissions
proof-as-it-must = { $is }, as it must be: { $why }
proof-otherwise = must be { $must }, but is { $is }: { $why }
proof-no-reason = the reason { $reason } was not given
proof-not-judged = was not judged
proof-passes = passes
proof-fails = fails { $checks }
proof-undecided = needs a person: { $checks }
proof-count = { $right } of { $all } submissions got what they must get.

# Mutants
mutants-title = Mutants of the fixes
mutants-kills = { $count ->
    [0] notices none of { $of }
   *[other] notices { $count } of { $of }{ $alone ->
        [0] , never alone
       *[other] , { $alone } alone
    }
    }
mutants-vacuous = notices none of { $of }: whatever is wrong, it passes, so it checks nothing
mutants-open = notices none of those that were measured
mutants-survivor = nobody notices { $name } ({ $title }): { $meaning }
mutants-undecided = { $name } is not decided: { $why }
mutants-restricted = Only { $kinds }: { $because }
mutants-count = { $killed } of { $all } mutants were noticed.
mutants-killed = killed by { $count } of { $of } mutants ({ $mutants }); no other check notices { $alone }
mutants-killed-never-alone = killed by { $count } of { $of } mutants ({ $mutants }); it never fails alone: another check notices the same
mutants-none-killed = none of { $of } mutants makes it fail: whatever is wrong, it passes, so it checks nothing
mutants-not-decided = none of the mutants that were measured makes it fail; the others are not decided
mutant-omitted = all fixes left out
mutant-left-out = fix { $what } left out
mutant-undone = line left out: { $what }
mutant-misspelt = misspelt: { $what }
mutant-reverted = put back on { $on }: { $what }
mutant-not-activated = fixes not activated
mutant-stopped = { $what } stopped on { $on }
mutant-liars = no fix, and tools on { $on } that say all is well
survives-omitted = the lab is healthy without any fix
survives-left-out = the fix has no effect that is judged in this lab
survives-undone = the line has no effect that is judged in this lab
survives-misspelt = what the line sets has no effect that is judged in this lab
survives-reverted = what was put back has no effect that is judged in this lab
survives-not-activated = the edits take effect by themselves
survives-stopped = what is judged does not need it, or a probe starts it again
survives-liars = the grader believes what an endpoint says of itself

# Words
word-pass = pass
word-symptom = symptom
word-fail = FAIL
word-vacuous = VACUOUS
word-inconclusive = INCONCLUSIVE
word-unsupported = unsupported
word-error = ERROR
phase-waiting = waiting
phase-up = starting
phase-ready = getting ready
phase-faults = breaking
phase-fixes = fixing
phase-measure = measuring
phase-collect = collecting evidence
phase-down = going down

# Summary
summary-checks = { $count ->
    [one] 1 check
   *[other] { $count } checks
    }
summary-scenarios = { $count ->
    [one] 1 scenario
   *[other] { $count } scenarios
    }
summary-points = { $points } of { $most } points
summary-hint = hint:
summary-reason = because:
summary-asked = Who asked what
asked-nothing = asked nothing
asked-outside = { $count ->
    [0] nothing outside
   *[other] { $count } outside: { $names }
    }
asked-table = { $probe }: { $count } lookups, see ladders.txt
asked-reported = { $what }: { $counts } outside
ladders-emulated = * emulated: the order that is documented of Windows, not measured on one
ladders-left-out = and { $count } more
summary-finding = note:
summary-where = Where the time went
summary-compressed = Resolver time-outs are compressed (timeout:1 attempts:1); --realtime keeps the distribution's own.
summary-backend = Backend: { $backend } ({ $why })
summary-not-limited = Not limited on this machine: { $what }
summary-interrupted = (interrupted)

# Progress
progress-started = { $count ->
    [one] bringing one lab up
   *[other] bringing { $count } labs up
    }
progress-image = image { $image }: { $step }
progress-phase = { $lab }: { $phase }
progress-found = { $lab }: note: { $finding }
progress-error = { $lab }: error: { $error }
progress-kept = { $lab } stays up as { $name }; `saiten down { $name }` ends it
progress-interrupted = interrupted: taking all labs down

# Commands
check-fine = { $file }: { $scenario } is valid
images-missing = not built
images-saved = { $count ->
    [one] 1 image saved to { $file }
   *[other] { $count } images saved to { $file }
    }
sweep-removed = removed { $name }
sweep-left = left alone: { $name }
sweep-nothing = nothing to remove
up-is-up = { $lab } is up as { $name }
up-how-to-end = end it with: saiten down { $name }
down-unknown = no lab `{ $lab }` is up
down-nothing = no lab is up
down-done = { $name } is down
down-slow = { $name } is still going down; `saiten sweep` removes what stays
shell-which-lab = `{ $lab }` does not name one lab that is up; up are: { $labs }
shell-lab-gone = the lab has ended
doctor-native = Native backend
doctor-backend = Labs run on
doctor-try = try:
doctor-endpoints = What endpoints find
doctor-images = Images
doctor-image-missing = not built yet; `saiten run` builds it
doctor-scenarios = Scenarios
doctor-healthy = Everything can run here.
doctor-trouble = Something cannot run here; see ✗.

# Backends
backend-asked = it was asked for
backend-works = it works here
backend-instead = the native backend does not work here: { $why }
probe-failed = { $why }
probe-ids-root = running as root; endpoints have ids that are nobody's ({ $range })
probe-ids-user = running as an ordinary user; endpoints have subordinate ids ({ $range })
probe-store = { $dir }
probe-namespaces = user, mount and network namespaces can be made
probe-endpoint = started, spoke and ended in { $took }
probe-nics-tap = TAP devices
probe-nics-veth = /dev/net/tun cannot be opened; veth and packet sockets take its place
probe-limits = { $what } limited by { $kind }
probe-limits-disk = disk and files of each endpoint are limited
probe-limits-instead = processes of each user of an endpoint are limited by setrlimit
probe-not-limited = { $what } cannot be limited: { $why }

# VirtualBox
virtualbox-interrupted = interrupted
virtualbox-no-program = there is no program { $program }; install VirtualBox, or say --vboxmanage PROGRAM ({ $reason })
virtualbox-not-started = { $program } cannot be started: { $reason }
virtualbox-slow = no end within { $seconds } s: { $command }
virtualbox-too-much = far too much output, nothing of it was read: { $command }
virtualbox-refused = exit status { $status }: { $command }: { $said }
virtualbox-no-vm = VirtualBox knows no VM { $vm }, only these: { $known }. It keeps each user's VMs apart: run this as the user who has the VM
virtualbox-many-vms = several VMs are called { $vm }; name one by its UUID: { $known }
virtualbox-unread = the answer does not tell of { $nic } of { $vm }, or was cut short: { $command }
virtualbox-not-running = the VM { $vm } is not running but { $state }; start it: { $command }
virtualbox-disabled = { $nic } of { $vm } is disabled, and VirtualBox attaches no disabled NIC, though it exits with 0; shut the VM down, then: { $command }
virtualbox-no-adapter = VirtualBox can bridge to no adapter { $adapter }, only to these: { $known }
virtualbox-no-interface = cannot tell which interface of this machine is { $adapter }; say --interface with one of { $known }
virtualbox-no-sysfs = cannot read this machine's interfaces: { $reason }
virtualbox-down = { $adapter } is down or has no link: no frame can leave there, whatever VirtualBox does
virtualbox-no-way-back = { $nic } of { $vm } is attached to { $attachment }, and VBoxManage has no words to put that back; nothing was changed
virtualbox-no-right = no right to watch { $interface } ({ $reason }); give it to this program: sudo setcap cap_net_raw+ep { $program }
virtualbox-no-capture = cannot watch { $interface }: { $reason }
virtualbox-not-taken = { $nic } of { $vm } is attached to { $is } after: { $command } (exit status { $status }, it said { $said })
virtualbox-wireless = { $adapter } is wireless: there VirtualBox writes the host's own address into the guest's frames, and they cannot be told from the host's
virtualbox-guest-silent = by VirtualBox's own counter the guest sent nothing in the arm { $arm }, so nothing could arrive; let a ping run in the guest
virtualbox-unproven = no frame of the guest's was seen in any arm, and VirtualBox does not tell what the guest sent: whether a ping ran cannot be known
virtualbox-wire-silent = the host's interface carried no frame at all, of anybody's, in any arm: it may be the wrong one, or its cable out
virtualbox-attached-otherwise = { $nic } of { $vm } is attached to { $is }, not to { $adapter }: that alone explains why nothing arrives
virtualbox-unplugged = the cable of { $nic } of { $vm } is out: that alone explains why nothing arrives; put it in: { $command }
virtualbox-works = the guest's frames reach the wire as things are: there is nothing to mend
virtualbox-your-word = VirtualBox does not tell what the guest sent; that a ping ran here, too, is your word
virtualbox-put-back = { $nic } is attached to { $attachment } again, as it was found; for the state after the fix: { $command }
virtualbox-not-put-back = { $nic } of { $vm } could not be put back to { $attachment }; type: { $command } ({ $reason })
virtualbox-patience = wait: the VM's NIC is put back first
virtualbox-found = { $vm }: { $nic }, address { $mac }, is attached to { $attachment }; watching { $interface }
virtualbox-ping = Let a ping to another machine run in the guest until this ends (ping -t where the guest is Windows).
virtualbox-if-killed = The NIC is put back at the end and after Ctrl-C. Should this program be killed, type: { $command }
virtualbox-enter = Press Enter when it runs.
virtualbox-try-fix = The symptom is there. To try the course's fix: the same command with --apply.

# Appliances: what was found
appliance-bridged = adapter { $number } of { $vm } is bridged to "{ $name }", a physical NIC of the machine that it was exported from
appliance-bridged-nameless = adapter { $number } of { $vm } is bridged, and no NIC is named: which one it gets is decided on the other machine
appliance-bridged-disabled = adapter { $number } of { $vm } is switched off, but still bridged to "{ $name }"; whoever switches it on has that NIC
appliance-other = adapter { $number } of { $vm } is on a network "{ $name }", which VirtualBox does not know and makes bridged at import
appliance-other-nameless = adapter { $number } of { $vm } is on no network that is named, and VirtualBox makes it bridged at import
appliance-generic = adapter { $number } of { $vm } has a driver of its own, which the other machine need not have
appliance-null = adapter { $number } of { $vm } is attached to nothing
appliance-natnetwork = adapter { $number } of { $vm } is on the NAT network "{ $name }", which is part of the host and not of the appliance
appliance-hostonly = adapter { $number } of { $vm } is on the host-only network "{ $name }", which the other machine may call otherwise
appliance-cable-out = the cable of adapter { $number } of { $vm } is unplugged
appliance-no-way-in = { $vm } has no NAT and no host-only adapter to be reached through
appliance-mac-twice = adapters { $numbers } of { $vm } have the same MAC address { $mac }
appliance-mac-fixed = { $count ->
    [one] adapter { $numbers } of { $vm } brings its MAC address along: every copy that keeps it would have the same
   *[other] adapters { $numbers } of { $vm } bring their MAC addresses along: every copy that keeps them would have the same
    }
appliance-several-systems = the appliance holds { $count } virtual machines
appliance-descriptor-late = the descriptor is not the first member of the archive
appliance-no-manifest = there is no manifest, so nothing tells whether a file was damaged on its way
appliance-manifest-broken = line { $line } of the manifest is no digest
appliance-file-missing = { $file } is missing
appliance-file-no-file = { $file } is a link or a directory, and was not looked at
appliance-file-remote = a file is elsewhere: { $href }
appliance-file-size = { $file } has { $is } bytes, where the descriptor says { $stated }
appliance-file-extra = { $file } is there, and nothing refers to it
appliance-digest-differs = { $file } is not the file that was exported: its { $algorithm } differs from the manifest's
appliance-digest-unknown = the manifest has a digest of { $file } of the kind { $algorithm }, which is not checked
appliance-digest-none = { $file } is not in the manifest
appliance-disk-nowhere = the disk { $disk } has its content in { $file }, which the descriptor does not refer to
appliance-disk-absurd = the disk { $disk } cannot have this capacity: { $capacity }

# Appliances: what to do
appliance-advice-course = Export images with NAT and host-only adapters only; let students add the bridged adapter themselves.
appliance-advice-before = Before the export, on the machine that has it:
appliance-advice-anew = Imported already? Build the bridge anew, with the <name> that `VBoxManage.exe list bridgedifs` shows:
appliance-advice-no-start = It does not start because that NIC is missing? First, while it is off:
appliance-advice-null = Switch it off before the export, or attach it to NAT or a host-only network.
appliance-advice-natnetwork = Use NAT, or have students make a NAT network of this name first.
appliance-advice-hostonly = After the import, choose a host-only network of that machine.
appliance-advice-mac = Import with "Generate new MAC addresses for all network adapters" (VBoxManage does unless told otherwise), or export without any (--options nomacs).
appliance-advice-several = Export one at a time where students need only one.
appliance-advice-first = Export again, or pack the archive with the .ovf first: importers that read it once need it there.
appliance-advice-manifest = Export again with a manifest (--options manifest) of SHA1 or SHA256.
appliance-advice-missing = Copy all files of the export, not links, or export as one .ova.
appliance-advice-damaged = Copy it again from where it came from; if that has the same, export again.
appliance-advice-remote = VirtualBox fetches nothing: put the file beside the descriptor.

# Appliances: why one is not read
appliance-refused-unreadable = cannot read it: { $why }
appliance-refused-no-file = it is no file
appliance-refused-format = it is a { $format } file; an .ova is a plain tar archive: unpack it first
appliance-refused-no-tar = it is no readable tar archive, so it is no .ova
appliance-refused-damaged = the archive is damaged at byte { $at }: copy it again
appliance-refused-cut-off = the archive ends at byte { $at }, in the middle: copy it again
appliance-refused-kind = the member { $name } is no regular file; no export writes one
appliance-refused-name = the name { $name } leads out of the appliance or cannot be a file's
appliance-refused-twice = the member { $name } is there twice
appliance-refused-descriptors = there are several descriptors, { $name } and another
appliance-refused-no-descriptor = it has no .ovf descriptor, so it is no appliance
appliance-refused-large = { $name } has more than { $most } KiB
appliance-refused-many = it has more than { $most } of a kind; no export has
appliance-refused-total = its files have more than { $gib } GiB; --most raises the limit
appliance-refused-claim = it claims files of more than { $gib } GiB; --most raises the limit
appliance-refused-size = the size of { $file } is no size: { $size }
appliance-refused-encoding = the descriptor is no good { $encoding }; save it as UTF-8, or as UTF-16 with a byte order mark
appliance-refused-doctype = the descriptor has a document type (line { $line }), which may hide anything; no export writes one
appliance-refused-bomb = the descriptor is nested too deeply, or has too many elements or attributes (line { $line })
appliance-refused-xml = the descriptor is no XML (line { $line }): { $why }
appliance-refused-empty = the descriptor is empty
appliance-refused-root = it is no descriptor: it begins with <{ $root }> instead of <Envelope>
appliance-refused-no-system = it describes no virtual machine

# Appliances: the report
appliance-adapter = adapter
appliance-attached = attached to
appliance-mac = MAC address
appliance-card = card
appliance-attached-nat = NAT
appliance-attached-natnetwork = NAT network
appliance-attached-hostonly = host-only
appliance-attached-intnet = internal network
appliance-attached-bridged = bridged
appliance-attached-null = nothing
appliance-attached-generic = own driver
appliance-attached-other = unknown network
appliance-off = (off)
appliance-unplugged = (unplugged)
appliance-no-adapters = no network adapters
appliance-files = Files
appliance-bytes = { $size } bytes
appliance-digest-fits = { $algorithm } fits
appliance-digest-does-not-fit = { $algorithm } DIFFERS
appliance-error = ERROR
appliance-warning = warning
appliance-note = note
appliance-more = … and { $count } more
appliance-fit = Fit to be moved to another machine.
appliance-unfit = { $count ->
    [one] Not fit to be moved to another machine: 1 error.
   *[other] Not fit to be moved to another machine: { $count } errors.
    }

# Class
state-graded = Graded
state-missing = Not handed in
state-refused = Not accepted
state-review = Needs a person
state-waiting = Not graded yet
standing-pass = Pass
standing-partial = Partly
standing-fail = Fail
standing-skipped = Not counted
standing-unsupported = Not possible here
standing-inconclusive = Undecided
standing-error = Lab error
arm-omitted = without the fix
arm-applied = with the fix
arm-own = your lab
value-yes = yes
value-no = no
told-points = { $points ->
    [one] 1 point
   *[other] { $points } points
    }
told-hidden = { $count ->
    [one] 1 hidden check, worth { $points }.
   *[other] { $count } hidden checks, worth { $points }.
    }
told-skipped = does not count: another check has to hold first
told-open = This could not be decided here. A person will look at it; until then, no point is lost over it.
told-open-points = { $open ->
    [one] 1 point is still open: a person will look at it.
   *[other] { $open } points are still open: a person will look at them.
    }
told-waiting = This has not been graded yet.
told-missing = Nothing was handed in.
told-refused = What was handed in could not be accepted.
told-solution = what to write:
page-overall = All exercises
page-of-points = / { $most ->
    [one] 1 point
   *[other] { $most } points
    }
page-so-far = so far
page-material = Course: { $material }
page-result = Result
page-check = Check
page-observed = Observed
page-expected = Expected
page-points = Points
page-reasons = { $count ->
    [one] Likely reason
   *[other] Likely reasons
    }
page-hint = Hint
page-solution = What to write
page-figure = { $check }: your lab { $own }, without the fix { $control }, with the fix { $reference }
page-at-most = at most { $value }
page-at-least = at least { $value }
page-runs = What your script printed
page-status = exit status { $status }
page-no-output = It printed nothing.
page-changes = What changed in the files
page-no-change = Nothing changed.
page-findings = Worth knowing
page-remarks = Where the time went
page-figures = What was measured
page-metric = Metric
page-evidence = Evidence
page-digest = What was handed in:
page-made-by = Saiten { $saiten }, batch { $batch }, { $backend }. A check compares your lab with the same lab without and with the fix, measured in one batch on one machine.
class-title = Class summary
class-students = { $count ->
    [one] 1 student
   *[other] { $count } students
    }
class-mean = Mean
class-median = Median
class-distribution = Share of the points, in percent
class-people = Needs a person
class-checks = Checks that cost most
class-reasons = Reasons that cost most
class-reason = Reason
class-points-lost = Points lost
class-all = All students
class-name = Name
class-state = State
class-not-on-roster = not on the roster
class-not-calibrated = Nobody was graded: the lab did not show the symptom and its cure.
book-marks = Marks
book-summary = Summary
book-people = Needs a person
book-what = What
book-value = Value

# Intake: what was handed in
intake-unreadable = { $name } cannot be read on this machine: { $why }
intake-no-room = there is no room for what was handed in: { $why }; point TMPDIR to a disk that has some
intake-entries = several entries are of the same student: { $names }; leave one of them
intake-several = several students of the roster are called so: { $names }; say who is meant in a column “submission”
intake-no-student = neither a directory nor an archive, so no student’s: { $names }
intake-ignored = ignored, because the scenario does not ask for it: { $names }
intake-unopened = not looked into, because it is an archive in what was handed in: { $names }; pack the files themselves, as .zip or .tar.gz
intake-astray = ignored, because the name leads elsewhere: { $names }
intake-refused-damaged = { $name } is damaged: pack and hand it in again
intake-refused-cut-off = { $name } is cut off in the middle: pack and hand it in again
intake-refused-no-archive = { $name } is no archive that can be read: hand in a .zip or a .tar.gz
intake-refused-archive = { $name } is larger than { $most }: hand in only what the exercise asks for
intake-refused-total = { $name } holds more than { $most } when it is decompressed: hand in only what the exercise asks for
intake-refused-many = { $name } holds more than { $most } files and directories: hand in only what the exercise asks for
intake-refused-large = { $name } is larger than { $most }
intake-refused-kind = { $name } in the archive is of a kind that is not read: pack it without special options
intake-refused-encrypted = { $name } is encrypted: pack it without a password
intake-refused-method = { $name } is compressed in a way that is not read: pack it as an ordinary .zip
intake-refused-directory = { $name } is a directory where a file is asked for
intake-refused-link = { $name } is a link: hand in the file itself
intake-refused-device = { $name } is a device: hand in an ordinary file
intake-refused-pipe = { $name } is a pipe: hand in an ordinary file
intake-refused-socket = { $name } is a socket: hand in an ordinary file
intake-refused-twice = { $name } is there twice: hand it in once

# The roster
roster-unreadable = the roster cannot be read: { $why }
roster-large = the roster is larger than { $mib } MiB
roster-many = the roster has more than { $most } students
roster-encoding = line { $line } of the roster is not UTF-8: save it as “CSV UTF-8”
roster-quote = in line { $line } of the roster a field goes on in the next line: is a quotation mark missing?
roster-empty = the roster has no students: its first line names the columns, each line after it is a student
roster-columns = no column of the roster says who it is: its first line has { $names }; wanted id, name, email, github or submission
roster-column-twice = the columns { $other } and { $name } of the roster mean the same: leave one of them
roster-fields = line { $line } of the roster has { $is } fields where the first line has { $most }: put names with a separator in quotation marks
roster-nobody = line { $line } of the roster does not say who it is: fill in a name, an id or an e-mail address
roster-twice = line { $line } of the roster: { $column } { $value } is in line { $before } already; each student has one line

# Live machines
address-empty = the file with the address is empty
address-long = the address is too long
address-user = what stands in front of the @ is no user name
address-port = the port is not a number from 1 to 65535
address-form = not an address; write one line such as 203.0.113.7, vm7.example.ac.jp:2222 or alice@[2001:db8::7]:2222
address-port-unclear = an address cannot have a port of its own here, since more than one service is reached
live-unknown = the name { $host } of the live machine in the place of { $endpoint } could not be looked up: { $reason }
live-private = { $address }, in the place of { $endpoint }, is no public address, and so not reached; where the machines are in a network of your own, say which: --reach NETWORK
live-elsewhere = { $address }, in the place of { $endpoint }, is in none of the networks that --reach names
live-never = { $address }, in the place of { $endpoint }, is never reached: addresses of this kind are those of a link's own services, of groups, or nobody's
finding-live = { $endpoint } was the live machine { $address } ({ $found }), reached through a relay: nothing was changed or read there
finding-live-silent = the live machine in the place of { $endpoint } does not answer: { $reason }
finding-live-untouched = what was handed in for { $endpoint } beside an address was not used: a live machine is left as it is
lacking-live-wires = a live machine's own wires are not the lab's: what it sends to others cannot be seen here
lacking-live-key = no key to log into the live machine: whoever grades gives one with --identity, and it is used only where nothing but addresses was handed in

# Verifying
fitness-fit = fit
fitness-not-fit = not fit
fitness-cannot-tell = cannot tell
fitness-not-looked-at = not looked at: "{ $about }": { $why }
fitness-interrupted = it was interrupted
unsupported-only-looked-at = only looked at, without a lab (--fit)
unfit-nothing-to-edit = the command of fix { $number }, { $fix } ({ $about }), finds nothing to edit in { $path }: this machine says something else there already, so students will see no difference
unfit-nothing-to-edit-line = the command of fix { $number }, { $fix } ({ $about }), looks for `{ $wanted }` in { $path } and finds it nowhere: this machine says `{ $text }` there (line { $line }), so students will see no difference
unfit-nothing-like-it = the command of fix { $number }, { $fix } ({ $about }), looks for `{ $wanted }` in { $path } and finds nothing like it, so students will see no difference
unfit-fix-no-file = the command of fix { $number }, { $fix } ({ $about }), edits { $path }, which this machine does not have, or has empty
unfit-fix-failed = the command of fix { $number }, { $fix } ({ $about }), fails on { $endpoint } with status { $status }: { $output }
unfit-fix-no-tool = the command of fix { $number }, { $fix } ({ $about }), needs `{ $tool }`, which { $endpoint } does not have: { $output }
unfit-fix-no-space = the command of fix { $number }, { $fix } ({ $about }), cannot write on { $endpoint }: { $output }
unfit-activation = what makes the fixes take effect fails on { $endpoint } with status { $status }, so its service does not take the edited file: { $output }
unfit-no-effect = fix { $number }, { $fix } ({ $about }), edits its file, but the service's settings stay as they are: another line counts before it, or another file
unfit-service = nobody can use the service, even before any fix: probe { $probe } failed { $failed } times out of { $of }: { $reason }
unfit-service-after = with the documented fixes nobody can use the service: { $why }
unfit-no-symptom = the symptom that the course talks about does not appear: "{ $about }" holds before any fix ({ $metric } is { $value })
unfit-no-cure = with the documented fix "{ $about }" still does not hold: { $why }
cannot-tell-check = "{ $about }" [{ $arm }] could not be decided: { $why }
cannot-tell-arm = the lab { $arm } was not measured: { $why }
cannot-tell-look = it could not be looked at: { $why }
cannot-tell-commands = whether the commands find what they edit on { $endpoint } could not be found out: { $why }
cannot-tell-command = the command of fix { $number }, { $fix } ({ $about }), was not run on { $endpoint }, and fails with status { $status } on copies of its files: { $output }
finding-tried-on-copies = no command was run on { $endpoint }: they were tried on copies of its { $files }, in a machine of the course's own
unfit-command = { $action } fails on { $endpoint } with status { $status }: { $output }
finding-live-open = { $endpoint } was the live machine { $address } ({ $found }), reached through a relay, and changed over SSH as the fixes say
finding-live-put-back = what the fixes changed in { $dirs } on { $endpoint } was put back, and is as it was
finding-live-not-put-back = { $endpoint } could not be put back as it was ({ $reason }): the files of { $dirs } as they were are beside this arm's evidence, in { $copy }
cannot-tell-cure = whether the fix cures it was not tried: a live machine is changed only with --apply
verify-title = Is the lab image fit for class?
verify-scenario = Scenario
verify-check = Check
verify-symptom = Symptom without the fix
verify-cure = Cured by the fix
verify-figures = Without → with the fix
verify-yes = yes
verify-no = no
verify-image = image
verify-disk = disk
verify-host = live machine
verify-release = release
verify-changes = { $count ->
    [one] One difference from { $from } to { $to }
   *[other] { $count } differences from { $from } to { $to }
 }
verify-more = … and { $count } more ({ $kind }); verify.json has all
verify-kind-figure = counted
verify-kind-setting = setting
verify-kind-package = package
verify-untried = { $dir } could not be tried: { $why }
verify-made-by = Saiten { $saiten }, run { $run }, backend { $backend }
unfit-start = the service does not start on { $endpoint }: `{ $run }` ends with status { $status }: { $output }
unfit-start-unknown = { $endpoint } does not have the service that the course starts with `{ $run }`: { $output }
unfit-listens-elsewhere = the service on { $endpoint } starts, but nothing listens on port { $port }; something listens on { $others }
unfit-listens-nowhere = the service on { $endpoint } starts, but nothing answers on port { $port }
unfit-not-ready = { $endpoint } does not get ready: its service starts, but does not answer
unfit-users = the users whom the lesson lets log in cannot be set up on { $endpoint } (status { $status }): { $output }
unfit-prepare = { $endpoint } lacks what it takes to add the lesson's users (status { $status }): { $output }
unfit-entrypoint = what the image starts by itself, `{ $run }`, ends on { $endpoint } with status { $status }: { $output }
unfit-no-shell = { $endpoint } has no shell, so that no command of the course can be typed there: { $output }
unfit-shell-fails = the shell of { $endpoint } cannot be started: { $output }
unfit-architecture = the image for { $endpoint } is made for { $architecture }, this machine is { $here }: build it for this one (`docker build --platform linux/{ $here }`), or verify it on a machine of that kind
unfit-no-space = nothing more can be written on { $endpoint }: its disk is full, or is mounted for reading only
unfit-no-tool = { $endpoint } lacks programs that the printed commands call: { $tool }
unfit-no-file = { $endpoint } lacks files that the printed commands edit: { $path }
unfit-no-service = { $endpoint } lacks services that the printed commands start: { $service }
finding-users-added = the image for { $endpoint } lacks users who log in during the lesson; they were added to its copy in the lab: { $users }
finding-own-systemctl = on { $endpoint } Saiten's own systemctl starts the image's units one by one: the first process is Saiten's helper, and not systemd
finding-init-replaced = the image for { $endpoint } starts { $program }, which insists on being the first process: Saiten's helper is that instead, and starts what the lesson starts
finding-entry-started = the image for { $endpoint } starts { $program } by itself; the lesson starts it, so that it was not started twice
finding-entry-runs = what the image for { $endpoint } starts by itself runs beside the lesson: { $program }
fact-adapters = adapters
fact-appliance = appliance
fact-architecture = architecture
fact-boot = boot
fact-capacity = disk capacity
fact-clock = clock (UTC)
fact-created = created
fact-digest = digest
fact-digest-after = digest at the end
fact-failed_units = units that failed
fact-format = format
fact-free = free space
fact-init = first process
fact-kernel = kernel
fact-keyboard = keyboard
fact-locale = locale
fact-missing_users = users that are missing
fact-nics = NICs
fact-no_users = users to be added
fact-os = system
fact-size = size
fact-starts = starts
fact-timezone = time zone
fact-user = user

# Disks and their machines
disk-refused-no-file = { $file } is no regular file; give the disk's own file
disk-refused-unreadable = { $file } cannot be read: { $why }
disk-refused-no-disk = { $file } is no disk that a machine boots from: neither qcow2, VMDK nor VDI, and without a boot sector
disk-refused-format = { $file } is { $format }, which is not booted as it is; unpack it, or make a qcow2 of it: qemu-img convert -O qcow2
disk-refused-truncated = { $file } is cut off: it points behind its own end; copy it again
disk-refused-damaged = { $file } is damaged: { $what }; copy it again, or see what `qemu-img check` says
disk-refused-encrypted = { $file } is encrypted, and nobody is there to type its key; decrypt it first: qemu-img convert -O qcow2
disk-refused-backing = { $file } holds only what differs from another file ({ $backing }), which is not opened; make one whole disk of both: qemu-img convert -O qcow2
disk-refused-extents = { $file } is only the descriptor of a disk whose content is in other files; make one file of it: qemu-img convert -O qcow2
disk-refused-missing = { $file } speaks of the disk { $name }, which is not there; copy it beside it
disk-refused-appliance-none = { $file } is an appliance without a disk
disk-refused-appliance-several = { $file } is an appliance with { $count } disks, and it is not clear which one boots; take the right one out and give it
unfit-panic = the machine in the place of { $endpoint } does not boot: its kernel panics ({ $said }); its disk was attached by { $bus } (--bus)
unfit-boot-loop = the machine in the place of { $endpoint } does not boot: it begins anew again and again; last it said: { $said }
unfit-power-off = the machine in the place of { $endpoint } switches itself off while it boots; last it said: { $said }
unfit-emergency = the machine in the place of { $endpoint } boots no further than a shell for repairs ({ $said }); its disk was attached by { $bus } (--bus)
unfit-not-bootable = there is nothing to boot from on { $file } ({ $said })
unfit-loader = the boot loader of { $file } finds nothing to boot ({ $said })
unfit-boot-late = the machine in the place of { $endpoint } does not ask for a login within { $limit } s (--boot-limit); last it said: { $said }
unfit-login = nobody gets into the machine in the place of { $endpoint }: the login of { $user } at its console fails with the password that was given
unfit-ssh-login = nobody gets into the machine in the place of { $endpoint }: SSH does not let { $user } in with the key that was given ({ $said })
unfit-not-root = { $user } gets into the machine in the place of { $endpoint } but is not root, and sudo does not make it so ({ $said })
unfit-agent = root's shell in the machine in the place of { $endpoint } does not start the lab's agent: { $said }
unfit-nic = the machine in the place of { $endpoint } does not get its addresses: { $reason }
lacking-login = nobody can log into { $file }: give --user with --password-file or --identity, or a disk with cloud-init
lacking-console = { $file } boots, but asks for a login at its screen only, and { $user } does not get in over SSH ({ $reason }); enable a serial console in it (systemctl enable serial-getty@ttyS0), give a key that it knows (--identity), or the address that it has at home (--address)
lacking-ssh = { $file } boots, but its SSH server does not let { $user } in within the time of the boot ({ $reason }); give --password-file for its console, or the address that it has at home (--address)
finding-guest-booted = { $endpoint } was a virtual machine, which asked for a login { $seconds } s after it was switched on; its NIC is { $nics }
finding-guest-failed = in the machine in the place of { $endpoint } these units failed at its boot: { $units }
finding-guest-stopped = in the machine in the place of { $endpoint } these services were stopped, so that its NICs have the lab's addresses: { $services }
