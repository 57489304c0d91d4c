//! Kind `ssh-login`: how long a login takes, phase by phase, from three vantages: the real `ssh`, libssh2, and the wire.

mod phases;
mod wire_view;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Kind, Load, OwnWires, Probe, params};
use crate::fabric::capture_read::Record;
use crate::helper::message::{Content, FileSpec, Ran, RunSpec, SshLogin, SshLoginDone};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::{MetricSpec, Sample, Unit};
use crate::scenario;
use crate::scenario::catalog::KindInfo;
use wire_view::Window;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "ssh-login",
        metrics: METRICS,
        check_params: |table| params::<Params>(table).map(drop),
        outer_params: &[],
        endpoint_params: &[],
    },
    bind: |probe| {
        Ok(Box::new(SshLoginProbe { params: params(&probe.with)?, from: probe.from.clone(), to: probe.to.clone() }))
    },
    watches: |_, _| Vec::new(),
    load: Load::Latency,
    own_wires: OwnWires::Some(&["connect", "server_queries", "unanswered_queries", "server_lookup"]),
};

/// Through which metrics the login's whole time can change. The first reply is not among them: sshd 7.8 to 9.4 stretches it by
/// up to twice, by a value that any edit of its configuration draws anew.
const MECHANISM: &[&str] =
    &["connect", "banner", "kex", "auth", "session", "first_byte", "server_lookup", "client_lookup"];

const METRICS: &[MetricSpec] = &[
    MetricSpec {
        name: "time",
        unit: Unit::Seconds,
        doc: "OpenSSH: from the start of `ssh` to the first byte that the remote command prints",
        explained_by: MECHANISM,
    },
    MetricSpec::flag("ok", "whether the login succeeded"),
    MetricSpec::seconds("connect", "OpenSSH: from the start to the TCP connection, the client's name lookup included"),
    MetricSpec::seconds("banner", "OpenSSH: from there to the server's identification line (RFC 4253 §4.2)"),
    MetricSpec::seconds("kex", "OpenSSH: from there to NEWKEYS (RFC 4253 §7.3)"),
    MetricSpec::seconds(
        "first_reply",
        "OpenSSH: from there to the answer to the request `none` (RFC 4252 §5.2); sshd looks the client up here",
    ),
    MetricSpec::seconds("auth", "OpenSSH: from there to the end of authentication; the client tries GSSAPI here"),
    MetricSpec::seconds("session", "OpenSSH: from there to the request for the command"),
    MetricSpec::seconds("first_byte", "OpenSSH: from there to the first byte of the command's output"),
    MetricSpec::seconds("libssh2.time", "libssh2: from the TCP connection's start to the first byte; blind to GSSAPI"),
    MetricSpec::seconds("libssh2.kex", "libssh2: key exchange"),
    MetricSpec::seconds("libssh2.first_reply", "libssh2: answer to the request `none`"),
    MetricSpec::seconds("libssh2.auth", "libssh2: public key authentication"),
    MetricSpec::seconds("wire.time", "the wire: from the client's SYN to the last payload"),
    MetricSpec::seconds("wire.kex", "the wire: from the identification line to the second NEWKEYS"),
    MetricSpec::seconds("server_silence", "the wire: how long the connection waited for the server"),
    MetricSpec::seconds("client_silence", "the wire: how long the connection waited for the client"),
    MetricSpec::count("server_queries", "the wire: DNS queries that the server sent during the login"),
    MetricSpec::count("client_queries", "the wire: DNS queries that the client sent during the login"),
    MetricSpec::count("unanswered_queries", "the wire: those of both that got no answer"),
    MetricSpec::seconds("server_lookup", "the wire: how long the server's resolver waited, free of sshd's padding"),
    MetricSpec::seconds("client_lookup", "the wire: how long the client's resolver waited"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Users to log in as, in turns. sshd's padding is drawn from host key, configuration and user: another user is another
    /// draw, without a restart that would also activate what a student only edited.
    #[serde(default = "default_users")]
    users: Vec<String>,
    /// Host name or address given to `ssh`; the measured endpoint's first address by default.
    host: Option<String>,
    /// Endpoint whose sshd relays the connection (`ProxyJump`), by the measured endpoint's address.
    #[serde(default)]
    through: bool,
    /// Endpoints that accept the key; the measured one by default.
    #[serde(default)]
    authorize: Vec<String>,
    /// Whether to compare with libssh2, once an arm.
    #[serde(default = "default_libssh2")]
    libssh2: bool,
}

fn default_users() -> Vec<String> {
    ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"].map(str::to_owned).into()
}

fn default_libssh2() -> bool {
    true
}

struct SshLoginProbe {
    params: Params,
    from: String,
    to: String,
}

/// The key that the probe makes in the client.
const KEY: &str = "/root/.ssh/saiten_ed25519";
/// Where the key for live machines is put.
const IDENTITY: &str = "/root/.ssh/saiten_live";
/// Port of sshd.
const PORT: u16 = 22;
/// What the remote command prints.
const WORD: &str = "saiten";
/// Limit of preparing steps.
const PREPARE: Duration = Duration::from_secs(20);
/// How much longer than its resolver's patience a lookup is waited for.
const SETTLE_MARGIN: Duration = Duration::from_millis(100);
/// How often a lookup that goes on is waited for.
const SETTLE_MOST: u32 = 10;
/// Time of the wire after `ssh` has ended that still belongs to the login.
const AFTERMATH_NS: u64 = 5_000_000;

#[async_trait(?Send)]
impl Probe for SshLoginProbe {
    async fn prepare(&self, lab: &Lab) -> Result<(), LabError> {
        if let (Some(_), Some(identity)) = (lab.live(&self.to), lab.identity()) {
            let content = Content::Text(identity.text().to_owned());
            lab.put(&self.from, FileSpec { path: IDENTITY.to_owned(), content, mode: 0o600 }).await?;
        }
        let make = format!("test -f {KEY} || ssh-keygen -q -t ed25519 -N '' -f {KEY}; cat {KEY}.pub");
        let key = must(lab, &self.from, &make).await?.stdout.trim().to_owned();
        let own = [self.to.clone()];
        let authorize = if self.params.authorize.is_empty() { &own[..] } else { &self.params.authorize };
        let users = self.params.users.join(" ");
        // A live machine's users have whatever keys its owner gave them.
        for endpoint in authorize.iter().filter(|endpoint| lab.live(endpoint).is_none()) {
            let line = format!(
                "set -e; for user in {users}; do home=$(getent passwd $user | cut -d: -f6); file=$home/.ssh/authorized_keys; \
                 mkdir -p $home/.ssh; grep -qsF '{key}' $file || echo '{key}' >> $file; \
                 chown -R $user: $home/.ssh; chmod 700 $home/.ssh; chmod 600 $file; done"
            );
            must(lab, endpoint, &line).await?;
        }
        Ok(())
    }

    fn users(&self, endpoint: &str) -> Vec<String> {
        let is_one = match self.params.authorize.is_empty() {
            true => self.to == endpoint,
            false => self.params.authorize.iter().any(|name| name == endpoint),
        };
        if is_one { self.params.users.clone() } else { Vec::new() }
    }

    async fn take(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError> {
        if let Some(why) = self.lacks(lab) {
            let lacking = METRICS.iter().map(|metric| (metric.name.to_owned(), why.to_owned()));
            return Ok(Sample { lacking: lacking.collect(), ..Sample::default() });
        }
        let server = self.server(lab.scenario())?;
        self.settle(lab).await?;
        let turn = lab.turn(&format!("ssh-login {} {}", self.from, self.to));
        let (user, key) = self.login(lab, turn);
        let mut spec = RunSpec::command(self.ssh_command(user, key, server.ip()), limit);
        spec.stamp = true;
        spec.output_most = 256 << 10;
        let ran = lab.line(&self.from)?.run(spec).await?;
        let mut sample = phases::sample(&ran, WORD);
        self.look_at_wire(lab, server, &ran, &mut sample).await?;
        // A login that failed leaves nothing to compare, and a second one may wait as long as the first.
        if self.params.libssh2 && turn == 0 && sample.failed.is_none() {
            self.cross_check(lab, (user, key), server, &mut sample).await?;
        }
        Ok(sample)
    }
}

impl SshLoginProbe {
    /// Why nobody can log into a live machine in the measured endpoint's place, if so: the phrase's identifier.
    fn lacks(&self, lab: &Lab) -> Option<&'static str> {
        lab.live(&self.to)?;
        match lab.identity() {
            // It would have to reach into the lab.
            _ if self.params.through => Some("lacking-live-wires"),
            None => Some("lacking-live-key"),
            Some(_) => None,
        }
    }

    /// The user of a turn, and the path of the key.
    fn login<'a>(&'a self, lab: &'a Lab, turn: usize) -> (&'a str, &'static str) {
        let live = lab.live(&self.to);
        let usual = || self.params.users.get(turn % self.params.users.len().max(1)).map_or("root", String::as_str);
        let user = live.and_then(|live| live.host.user.as_deref()).unwrap_or_else(usual);
        (user, if live.is_some() { IDENTITY } else { KEY })
    }

    fn server(&self, scenario: &scenario::Scenario) -> Result<SocketAddr, LabError> {
        let address =
            scenario.endpoints.get(&self.to).and_then(|to| to.nics.iter().flat_map(|nic| &nic.addresses).next());
        let address =
            address.ok_or_else(|| LabError::backend("ssh-login", format!("endpoint `{}` has no address", self.to)))?;
        Ok(SocketAddr::new(*address, PORT))
    }

    /// The command as a user would type it, with what would make two logins depend on each other switched off.
    fn ssh_command(&self, user: &str, key: &str, relay: IpAddr) -> Vec<String> {
        let options = [
            "-o",
            "BatchMode=yes",
            "-o",
            "ControlMaster=no",
            "-o",
            "ControlPath=none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "IdentitiesOnly=yes",
            "-i",
            key,
        ];
        let mut command = vec!["ssh".to_owned(), "-vvv".to_owned()];
        command.extend(options.map(str::to_owned));
        let host = self.params.host.clone().unwrap_or_else(|| relay.to_string());
        if self.params.through {
            // ProxyJump itself would not hand these options on.
            command.push("-o".to_owned());
            command.push(format!("ProxyCommand=ssh {} -W [%h]:%p {user}@{relay}", options.join(" ")));
        }
        command.push(format!("{user}@{host}"));
        command.push(format!("echo {WORD}"));
        command
    }

    /// Waits until no lookup of an earlier login is under way: PAM looks the client up again when a session closes.
    async fn settle(&self, lab: &Lab) -> Result<(), LabError> {
        let (timeout, attempts) = lab.patience().waits();
        let patience = timeout * attempts + SETTLE_MARGIN;
        let networks = wire_view::networks_of(lab.scenario(), &self.from, &self.to);
        for _ in 0..SETTLE_MOST {
            let now_ns = lab.sync().await?.at_ns;
            let since_ns = now_ns.saturating_sub(u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX));
            let records = frames(lab, &networks, since_ns, now_ns)?;
            let Some(last_ns) = wire_view::last_open_query(&records, [&self.from, &self.to]) else { return Ok(()) };
            tokio::time::sleep(Duration::from_nanos(last_ns.saturating_sub(since_ns))).await;
        }
        // Somebody asks without end; the sample will show it.
        Ok(())
    }

    async fn look_at_wire(&self, lab: &Lab, relay: SocketAddr, ran: &Ran, sample: &mut Sample) -> Result<(), LabError> {
        lab.sync().await?;
        let window = Window {
            client: self.from.clone(),
            server: self.to.clone(),
            relay,
            from_ns: ran.started_ns,
            to_ns: ran.started_ns + ran.took_ns + AFTERMATH_NS,
            patience: lab.patience().waits().0,
            first_output_ns: ran.first_output_ns.map(|ns| ran.started_ns + ns),
        };
        let networks = wire_view::networks_of(lab.scenario(), &self.from, &self.to);
        let records = frames(lab, &networks, window.from_ns, window.to_ns)?;
        window.describe(&records, sample);
        Ok(())
    }

    /// A login through libssh2, once an arm: the phases that both can see must agree.
    async fn cross_check(
        &self,
        lab: &Lab,
        (user, key): (&str, &str),
        server: SocketAddr,
        sample: &mut Sample,
    ) -> Result<(), LabError> {
        let limit = Duration::from_secs(60);
        let login = SshLogin { server, user: user.to_owned(), key: key.to_owned(), limit_ms: 55_000 };
        let ran = lab.line(&self.from)?.run(RunSpec::duty("ssh-login", &login, limit)).await?;
        let done: SshLoginDone = match serde_json::from_str(&ran.stdout) {
            Ok(done) => done,
            // It has no say in any verdict, so its trouble is only told.
            Err(_) => SshLoginDone {
                failed: Some(format!("exit status {}: {}", ran.status, ran.stderr.trim())),
                ..SshLoginDone::default()
            },
        };
        phases::add_libssh2(&done, sample);
        phases::compare(sample);
        Ok(())
    }
}

/// The frames of some networks in a stretch of the lab's time.
fn frames(lab: &Lab, networks: &[String], from_ns: u64, to_ns: u64) -> Result<Vec<Record>, LabError> {
    let captures = lab.captures().borrow();
    let read: Result<Vec<_>, _> = networks.iter().map(|network| captures.between(network, from_ns, to_ns)).collect();
    Ok(read.map_err(|source| LabError::Own { what: "cannot read the capture".to_owned(), source })?.concat())
}

/// Runs a shell line that has to succeed for anything to be measured.
async fn must(lab: &Lab, endpoint: &str, line: &str) -> Result<Ran, LabError> {
    let ran = lab.run(endpoint, line, PREPARE).await?;
    if ran.status == 0 {
        return Ok(ran);
    }
    Err(LabError::Command {
        action: "prepare ssh-login".to_owned(),
        endpoint: endpoint.to_owned(),
        run: line.to_owned(),
        status: ran.status,
        output: format!("{}{}", ran.stdout, ran.stderr),
    })
}
