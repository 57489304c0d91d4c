//! The file as it is written: one struct a table. References are names here; `resolve` follows them.

use std::net::IpAddr;
use std::time::Duration;

use super::super::error::{Problem, say};
use super::super::mutant::MutantKind;
use super::super::text::Text;
use super::super::{Prefix, Requirement, ServicePort};
use super::address::{Code, DnsType, EtherType, Mac, Protocol, Range};
use super::forms::{Bound, Nic, Params};
use super::quantity::{Rate, Share, Size};
use super::table::{Field, Many, Maybe, Named, Need, by_key, table_of, tables};
use super::value::{At, Node, Number, Tried, Value, Whole};
use super::words::{AcceptKind, Domain, FileName, FilePath, Lines, Mode, Pattern};

/// Most processes that a 64-bit kernel can have (proc(5), `pid_max`).
const PID_MAX: u64 = 4_194_304;

/// A TCP or UDP port.
pub type Port = Whole<1, 65535>;
/// A list.
pub type List<T> = Vec<At<T>>;

tables! {
    /// A Saiten scenario: one lab exercise.
    File {
        /// Title for people.
        title: Need<Text>,
        /// One paragraph: what is shown, and to whom.
        about: Maybe<Text>,
        /// The section of the course this belongs to.
        material: Maybe<String>,
        /// What the machine must offer; without it the scenario is unsupported there. `tun` goes without saying.
        requires: Maybe<List<Requirement>>,
        /// Ethernet networks by name.
        networks: Maybe<Tried<Named<Network>>>,
        /// Nodes of the topology by name.
        endpoints: Maybe<Tried<Named<Endpoint>>>,
        /// Actions that make the symptom appear, in order; part of every arm.
        faults: Maybe<List<Fault>>,
        /// Documented remedies, in the order of the course.
        fixes: Maybe<List<Fix>>,
        /// Ways to measure.
        probes: Maybe<List<Probe>>,
        /// What must hold in a healthy lab.
        checks: Maybe<List<Check>>,
        /// Why a check may fail, for students.
        reasons: Maybe<List<Reason>>,
        /// What students hand in; a script for each endpoint that the fixes act on unless told.
        accepts: Maybe<List<Accept>>,
        /// Which mutants of the fixes prove the checks; all kinds unless told.
        mutants: Maybe<Mutants>,
        /// Time limits of the phases.
        limits: Maybe<Limits>,
    }

    /// One Ethernet network.
    Network {
        /// IPv4 prefix; host bits are zero.
        subnet: Maybe<Tried<Prefix>>,
        /// IPv6 prefix; host bits are zero.
        subnet6: Maybe<Tried<Prefix>>,
        /// Addresses that answer ARP or neighbour solicitation and swallow everything else.
        silent: Maybe<List<IpAddr>>,
        /// Largest frame the network carries, in bytes without FCS; 1514 unless told.
        max_frame: Maybe<Whole<82, 65535>>,
        /// Impairment of every NIC's wire on this network, in each direction.
        link: Maybe<Link>,
        /// Rules of the switch, in order.
        filters: Maybe<List<Filter>>,
    }

    /// Impairment of a wire; a perfect wire unless told.
    Link {
        /// One-way delay.
        delay: Maybe<Duration>,
        /// Uniform extra delay, from zero to this; frames stay in order.
        jitter: Maybe<Duration>,
        /// Rate in bits per second; unlimited unless told.
        rate: Maybe<Rate>,
        /// Share of frames lost.
        loss: Maybe<Share>,
        /// Queue before a limited link, in frames; 100 unless told.
        queue: Maybe<Whole<1, 100_000>>,
        /// Seed of the losses, for a loss pattern that repeats.
        seed: Maybe<Whole<0, { i64::MAX as u64 }>>,
    }

    /// A rule of the switch: exactly one of drop, count and delay.
    Filter {
        /// Name in counters and evidence.
        name: Need<String>,
        /// The frame vanishes.
        drop: Maybe<Tried<bool>>,
        /// The frame is only counted.
        count: Maybe<Tried<bool>>,
        /// The frame goes on after this time.
        delay: Maybe<Tried<Duration>>,
        /// What a frame must look like; all given fields must match.
        r#match: Maybe<Match>,
    }

    /// Fields of a frame.
    Match {
        /// EtherType, by name or number.
        ethertype: Maybe<Code<EtherType>>,
        /// IP protocol, by name or number.
        protocol: Maybe<Code<Protocol>>,
        /// Source address or prefix.
        src: Maybe<Range>,
        /// Destination address or prefix.
        dst: Maybe<Range>,
        /// Source port.
        sport: Maybe<Port>,
        /// Destination port.
        dport: Maybe<Port>,
        /// Least frame length in bytes, without FCS.
        min_length: Maybe<Whole<0, 65535>>,
        /// The endpoint whose NIC the frame came from.
        from: Maybe<String>,
        /// Source MAC address.
        source_mac: Maybe<Mac>,
        /// DNS question type, by name or number.
        dns_type: Maybe<Code<DnsType>>,
        /// The DNS question's name is this or below it.
        dns_suffix: Maybe<Domain>,
    }

    /// One node of the topology.
    Endpoint {
        /// Directory under `containers/`, or an image reference of the engine when it contains `:` or `/`.
        image: Need<String>,
        /// NICs by network; the interfaces are eth1, eth2, … in this order.
        nic: Need<Named<Nic>>,
        /// Default gateway, at most one of each address family.
        gateway: Maybe<Many<IpAddr>>,
        /// Name servers for /etc/resolv.conf.
        resolver: Maybe<Many<IpAddr>>,
        /// Search domains for /etc/resolv.conf.
        search: Maybe<Many<Domain>>,
        /// Lines for /etc/hosts: name to address or addresses.
        hosts: Maybe<Named<Many<IpAddr>>>,
        /// Kernel parameters of the endpoint's own namespaces; write the keys in quotes.
        sysctls: Maybe<Named<String>>,
        /// Capabilities (capabilities(7), without CAP_) beyond the engine's defaults.
        capabilities: Maybe<List<String>>,
        /// Memory limit; 256MiB unless told.
        memory: Maybe<Size>,
        /// Limit on processes and threads; 256 unless told.
        processes: Maybe<Whole<1, PID_MAX>>,
        /// Files written before anything starts: path to content.
        files: Maybe<Named<String>>,
        /// Shell lines that start the daemons.
        start: Maybe<Lines>,
        /// How to tell that the endpoint is ready: exactly one of tcp, dns and run.
        ready: Maybe<Ready>,
        /// Log files kept as evidence.
        logs: Maybe<List<FilePath>>,
        /// Shell lines that print the daemon's effective configuration; it only explains verdicts.
        effective: Maybe<Lines>,
    }

    /// A NIC with more than addresses.
    NicTable {
        /// Addresses inside the network's subnets; none for a bridge port.
        addresses: Maybe<List<IpAddr>>,
        /// MAC address; derived from endpoint and network unless told.
        mac: Maybe<Mac>,
    }

    /// A readiness probe, repeated until it succeeds: exactly one of tcp, dns and run.
    Ready {
        /// This TCP port accepts a connection.
        tcp: Maybe<Tried<Port>>,
        /// The name server answers a query for this name.
        dns: Maybe<Tried<Domain>>,
        /// These shell lines exit with 0.
        run: Maybe<Tried<Lines>>,
    }

    /// An action that makes the symptom appear.
    Fault {
        /// Name, unique among the faults.
        name: Need<String>,
        /// Endpoint or endpoints it runs in.
        on: Need<Many<String>>,
        /// Shell lines, run as root.
        run: Need<Lines>,
    }

    /// A documented remedy.
    Fix {
        /// Name, part of the names of arms.
        name: Need<String>,
        /// What the remedy is, for people.
        title: Maybe<Text>,
        /// Endpoint or endpoints it runs in.
        on: Need<Many<String>>,
        /// The lines of the course, as printed.
        run: Need<Lines>,
        /// Shell lines that make the edit take effect; run once an endpoint, after all fixes of the arm.
        activate: Maybe<Lines>,
        /// Files the lines are meant to change; one that stays the same is a finding.
        edits: Maybe<List<FilePath>>,
    }

    /// A way to measure, bound to endpoints.
    Probe {
        /// Name, the first half of its metrics' names.
        name: Need<String>,
        /// Probe kind.
        kind: Need<String>,
        /// Endpoint that measures.
        from: Need<String>,
        /// Endpoint that is measured.
        to: Need<String>,
        /// How many samples an arm gets; 3 unless told.
        samples: Maybe<Tried<Whole<1, 100>>>,
        /// Most samples when the first ones do not decide; 8 unless told.
        samples_most: Maybe<Whole<1, 100>>,
        /// Longest one sample may take; 60s unless told.
        limit: Maybe<Duration>,
        /// What to run before each sample, so that samples are independent.
        before: Maybe<Before>,
        /// Parameters of the kind.
        with: Maybe<Params>,
    }

    /// Shell lines run before each sample.
    Before {
        /// Endpoint or endpoints they run in.
        on: Need<Many<String>>,
        /// Shell lines.
        run: Need<Lines>,
    }

    /// What must hold in a healthy lab.
    Check {
        /// Name, unique in the scenario.
        name: Need<String>,
        /// Name for people.
        title: Maybe<Text>,
        /// Metric that is read: probe and metric of its kind, such as login.time.
        metric: Need<String>,
        /// Not above this: a number for counts and flags, else a ratio to another arm.
        at_most: Maybe<Tried<Bound>>,
        /// Not below this.
        at_least: Maybe<Tried<Bound>>,
        /// Exactly this number.
        equals: Maybe<Tried<Bound>>,
        /// What must be seen in the arm without fixes for the comparison to mean anything.
        symptom: Maybe<Tried<Condition>>,
        /// What must hold beside it in a healthy lab, or the check fails.
        needs: Maybe<List<Condition>>,
        /// Points it is worth; 1 unless told.
        points: Maybe<Whole<0, 1000>>,
        /// Points for coming close, tried in order where the bounds do not hold.
        partial: Maybe<List<Partial>>,
        /// Checks above this one that have to pass before this one counts.
        requires: Maybe<List<String>>,
        /// Whether students are told only that there is such a check.
        hidden: Maybe<bool>,
        /// What to tell a student who fails it: where to look, never what to write.
        hint: Maybe<Text>,
        /// What to write; told only where the instructor allows it.
        solution: Maybe<Text>,
    }

    /// Points for coming close: bounds on the check's own metric, weaker than the check's.
    Partial {
        /// Not above this.
        at_most: Maybe<Tried<Bound>>,
        /// Not below this.
        at_least: Maybe<Tried<Bound>>,
        /// Exactly this number.
        equals: Maybe<Tried<Bound>>,
        /// Points it gives, fewer than the check's.
        points: Need<Whole<1, 1000>>,
    }

    /// Something that students hand in.
    Accept {
        /// What it is: a script run as root, a file that is put in place, a container image, or a live machine's address.
        kind: Need<AcceptKind>,
        /// Endpoint that it is for.
        on: Need<String>,
        /// Its name among what is handed in; <endpoint>.sh, the file's own name, <endpoint>.tar or <endpoint>.address unless told.
        name: Maybe<FileName>,
        /// Where a file goes.
        to: Maybe<FilePath>,
        /// Permissions of a file; 0644 unless told.
        mode: Maybe<Mode>,
        /// Shell lines that make a file take effect.
        activate: Maybe<Lines>,
        /// What of a live machine the lab reaches, such as tcp/22.
        ports: Maybe<List<ServicePort>>,
    }

    /// Bounds on a count or a flag: as a symptom they hold in the arm without fixes, as a need wherever the check does.
    Condition {
        /// Metric that is read, a count or a flag; the check's own unless told.
        metric: Maybe<String>,
        /// Not above this number.
        at_most: Maybe<Tried<Bound>>,
        /// Not below this number.
        at_least: Maybe<Tried<Bound>>,
        /// Exactly this number.
        equals: Maybe<Tried<Bound>>,
    }

    /// A factor of the same metric in another arm of the same run.
    Ratio {
        /// The factor, above 0.
        ratio: Need<Number>,
        /// Arm compared with; omitted unless told.
        of: Maybe<String>,
    }

    /// A likely reason why a check fails, known by what was measured and what the configuration then looks like.
    Reason {
        /// Name, unique among the reasons.
        name: Need<String>,
        /// Checks that it can explain; all unless told.
        checks: Maybe<List<String>>,
        /// What was measured in the arm that fails.
        when: Maybe<List<Condition>>,
        /// Endpoint whose configuration is looked at.
        on: Maybe<String>,
        /// What its effective configuration looks like.
        effective: Maybe<Look>,
        /// What a file looks like, after all fixes.
        file: Maybe<FileLook>,
        /// What to tell a student.
        text: Need<Text>,
    }

    /// What a text looks like; both hold where both are given.
    Look {
        /// A regular expression that is found in it; ^ and $ match at each line.
        has: Maybe<Tried<Pattern>>,
        /// A regular expression that is not found in it.
        lacks: Maybe<Tried<Pattern>>,
    }

    /// What a file looks like; both hold where both are given.
    FileLook {
        /// The file.
        path: Need<FilePath>,
        /// A regular expression that is found in it; ^ and $ match at each line.
        has: Maybe<Tried<Pattern>>,
        /// A regular expression that is not found in it.
        lacks: Maybe<Tried<Pattern>>,
    }

    /// What a known submission must get: its `submission.toml`.
    Submission {
        /// What it is, for people.
        title: Need<Text>,
        /// Checks that must fail; all others must pass.
        fails: Maybe<List<String>>,
        /// Reasons of the scenario that must be given for a failure.
        reasons: Maybe<List<String>>,
    }

    /// Which mutants of the fixes prove the checks.
    Mutants {
        /// These kinds only.
        only: Need<List<MutantKind>>,
        /// Why the others are not worth their labs.
        because: Need<Text>,
    }

    /// Time limits of a lab's phases.
    Limits {
        /// From the first container to all NICs up; 60s unless told.
        up: Maybe<Duration>,
        /// Until every endpoint is ready; 30s unless told.
        ready: Maybe<Duration>,
        /// For each fault, fix or activation; 30s unless told.
        action: Maybe<Duration>,
        /// For all samples of one arm; 10m unless told.
        measure: Maybe<Duration>,
    }

    /// A text for people.
    TextTable {
        /// English.
        en: Need<String>,
        /// Japanese.
        ja: Maybe<String>,
    }
}
