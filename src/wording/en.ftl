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

# Findings
finding-fix-failed = fix { $fix } exited with { $status } on { $endpoint }: { $output }
finding-activation-failed = { $fix } exited with { $status } on { $endpoint }: { $output }
finding-nothing-changed = fix { $fix } changed nothing in { $path } on { $endpoint }
finding-configuration-same = fix { $fix } edited its file, but the daemon's effective configuration is the same
finding-left-behind = something could not be removed, try `saiten sweep`: { $reason }
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
