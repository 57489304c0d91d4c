//! A student's live machine in an endpoint's place. The live daemons are real ones, in a lab of the native backend of their own: what comes
//! to a port of this machine's loopback goes on from a socket inside the network namespace of that lab's client.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};
use serde_json::Value;

use crate::user::{Lab, Labs, On, on_each_backend, on_native, saiten, text, until};

on_each_backend!(a_live_sshd_is_graded_by_what_a_client_meets,);

// A relay is the same on each backend, which the other test shows.
on_native!(
    a_live_named_is_graded_by_its_answers,
    a_live_sshd_is_verified_changed_and_put_back,
    a_look_at_a_live_sshd_only_reads,
    a_live_sshd_is_put_back_after_an_interrupt,
);

/// A lab whose daemons are somebody's live machines.
struct Campus {
    lab: Lab,
    client: PathBuf,
}

impl Campus {
    fn up(scenario: &str, arm: &str) -> Self {
        let lab = Lab::up_arm(On::Native, scenario, arm);
        // Known by a name that no other lab's client has: tests of others may have labs of the same name up.
        let own = lab.dir.path().file_name().unwrap().to_string_lossy().into_owned();
        let mark = format!("/root/{own}");
        lab.says("client", &format!("touch {mark}"));
        let mut all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let is_client = |dir: &PathBuf| dir.join("root").join(&mark[1..]).exists() && dir.join("ns/net").exists();
        let client = all.find(is_client).expect("the client's first process").join("ns/net");
        Campus { lab, client }
    }

    /// A port of loopback behind which the server's port is, over TCP and UDP.
    fn offer(&self, server: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(at).unwrap();
        let (client, other) = (self.client.clone(), self.client.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let client = client.clone();
                thread::spawn(move || carry(stream, &client, server));
            }
        });
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((read, peer)) = socket.recv_from(&mut buffer) {
                let (question, client, socket) = (buffer[..read].to_vec(), other.clone(), socket.try_clone().unwrap());
                thread::spawn(move || ask(&question, &client, server).map(|answer| socket.send_to(&answer, peer)));
            }
        });
        at
    }
}

/// Lets this thread's sockets be the namespace's.
fn enter(namespace: &Path) -> io::Result<()> {
    Ok(setns(File::open(namespace)?, CloneFlags::CLONE_NEWNET)?)
}

fn carry(stream: TcpStream, namespace: &Path, to: SocketAddr) -> io::Result<()> {
    enter(namespace)?;
    let live = TcpStream::connect(to)?;
    live.set_nodelay(true)?;
    stream.set_nodelay(true)?;
    let (mut back, mut from) = (stream.try_clone()?, live.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut back);
        back.shutdown(std::net::Shutdown::Write)
    });
    io::copy(&mut &stream, &mut &live)?;
    live.shutdown(std::net::Shutdown::Write)
}

fn ask(question: &[u8], namespace: &Path, to: SocketAddr) -> io::Result<Vec<u8>> {
    enter(namespace)?;
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.connect(to)?;
    socket.send(question)?;
    let mut buffer = vec![0; 4096];
    let read = socket.recv(&mut buffer)?;
    buffer.truncate(read);
    Ok(buffer)
}

/// What became of students' addresses: each one's lab, as it is in the evidence, and the standing of each check.
struct Graded {
    dir: Labs,
    scenario: String,
}

impl Graded {
    fn of(on: On, scenario: &str, students: &[(&str, &str)], more: &[&str]) -> Self {
        let dir = Labs::new(on);
        for (student, address) in students {
            let own = dir.path().join("submissions").join(student);
            std::fs::create_dir_all(&own).unwrap();
            std::fs::write(own.join("server.address"), address).unwrap();
        }
        let mut command = saiten(on, dir.path());
        command.args(["grade", scenario]).arg(dir.path().join("submissions")).arg("--out").arg(dir.path().join("out"));
        let output = command.args(more).output().unwrap();
        assert!(output.status.code().is_some_and(|status| [0, 3].contains(&status)), "{}", text(&output));
        Graded { dir, scenario: scenario.to_owned() }
    }

    fn arm(&self, student: &str) -> Value {
        let arms = self.dir.path().join("out/evidence").join(&self.scenario);
        let mut all = std::fs::read_dir(&arms).unwrap().flatten();
        let own = all
            .find(|entry| entry.file_name().to_string_lossy().contains(student))
            .unwrap_or_else(|| panic!("no {student}"));
        serde_json::from_slice(&std::fs::read(own.path().join("arm.json")).unwrap()).unwrap()
    }

    /// Standings by check.
    fn standings(&self, student: &str) -> Vec<(String, String)> {
        let record = format!("out/ledger/{student}/{}.json", self.scenario.replace('/', "-"));
        let record = std::fs::read(self.dir.path().join(record)).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        let checks = record["marked"]["en"]["checks"].as_array().unwrap().iter();
        checks.map(|check| (word(&check["name"]), word(&check["standing"]))).collect()
    }

    fn expect(&self, student: &str, expected: &[(&str, &str)]) {
        let standings = self.standings(student);
        let expected: Vec<_> =
            expected.iter().map(|(name, standing)| ((*name).to_owned(), (*standing).to_owned())).collect();
        assert_eq!(standings, expected, "{student}: {:#}", self.arm(student));
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An address of loopback behind which nobody is.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The median of a probe's reading.
fn median(arm: &Value, probe: &str, name: &str) -> f64 {
    let samples = arm["probes"][probe]["samples"].as_array().unwrap();
    let mut readings: Vec<f64> = samples.iter().filter_map(|sample| sample["readings"][name].as_f64()).collect();
    readings.sort_by(f64::total_cmp);
    readings[readings.len() / 2]
}

fn a_live_sshd_is_graded_by_what_a_client_meets(on: On) {
    let ssh = "192.168.1.10:22".parse().unwrap();
    let (mended, broken) = (Campus::up("ssh/slow-login", "applied"), Campus::up("ssh/slow-login", "omitted"));
    mended.lab.says("client", "ssh-keygen -q -t ed25519 -N '' -f /root/own");
    let (private, public) =
        (mended.lab.says("client", "cat /root/own"), mended.lab.says("client", "cat /root/own.pub"));
    for campus in [&mended, &broken] {
        let home = "install -d -m 700 -o alice /home/alice/.ssh && umask 077";
        let file = "/home/alice/.ssh/authorized_keys";
        campus.lab.says("server", &format!("{home} && echo '{public}' >> {file} && chown alice: {file}"));
    }
    let files = tempfile::tempdir().unwrap();
    let key = files.path().join("key");
    std::fs::write(&key, format!("{private}\n")).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let students = [
        ("mended", format!("alice@{}\n", mended.offer(ssh))),
        ("broken", format!("alice@{}", broken.offer(ssh))),
        ("nobody", nobody()),
        ("metadata", "169.254.169.254".to_owned()),
    ];
    let students = students.each_ref().map(|(name, address)| (*name, address.as_str()));
    let graded =
        Graded::of(on, "ssh/slow-login", &students, &["--reach", "127.0.0.0/8", "--identity", key.to_str().unwrap()]);
    let checks = |standings: [&'static str; 3]| {
        ["login-is-quick", "server-asks-no-name", "client-asks-no-name"].into_iter().zip(standings).collect::<Vec<_>>()
    };
    graded.expect("mended", &checks(["pass", "unsupported", "pass"]));
    graded.expect("broken", &checks(["fail", "unsupported", "fail"]));
    graded.expect("nobody", &checks(["fail", "fail", "fail"]));
    graded.expect("metadata", &checks(["unsupported"; 3]));
    // The wires of the lab have seen the connection, and the key is nowhere in the reports.
    assert!(median(&graded.arm("mended"), "login", "wire.time") > 0.0);
    let secret = private.lines().nth(1).unwrap();
    let found = Command::new("grep").args(["-rlF", secret]).arg(graded.dir.path().join("out")).output().unwrap();
    assert_eq!(text(&found), "");
}

fn a_live_named_is_graded_by_its_answers(on: On) {
    let dns = "192.168.1.10:53".parse().unwrap();
    let (mended, broken) =
        (Campus::up("dns/upstream-queries", "applied"), Campus::up("dns/upstream-queries", "omitted"));
    let students =
        [("mended", mended.offer(dns).to_string()), ("broken", broken.offer(dns).to_string()), ("nobody", nobody())];
    let students = students.each_ref().map(|(name, address)| (*name, address.as_str()));
    let graded = Graded::of(on, "dns/upstream-queries", &students, &["--reach", "127.0.0.0/8"]);
    let checks = |standings: [&'static str; 6]| {
        let names = ["nothing-leaves", "outside-is-refused", "recursion-is-not-offered"];
        let more = ["nobody-else-is-served", "short-name-stays-inside", "zone-is-served"];
        names.into_iter().chain(more).zip(standings).collect::<Vec<_>>()
    };
    graded.expect("mended", &checks(["unsupported", "pass", "pass", "unsupported", "unsupported", "pass"]));
    graded.expect("broken", &checks(["unsupported", "fail", "fail", "unsupported", "unsupported", "pass"]));
    graded.expect("nobody", &checks(["fail"; 6]));
}

/// A live sshd as CentOS 7 ships it into which root gets with the key that it gives.
fn campus_for_root() -> (Campus, String) {
    let campus = Campus::up("ssh/slow-login", "omitted");
    campus.lab.says("client", "ssh-keygen -q -t ed25519 -N '' -f /root/own");
    let (private, public) =
        (campus.lab.says("client", "cat /root/own"), campus.lab.says("client", "cat /root/own.pub"));
    let file = "/root/.ssh/authorized_keys";
    campus.lab.says("server", &format!("install -d -m 700 /root/.ssh && umask 077 && echo '{public}' >> {file}"));
    (campus, private)
}

/// What is looked at on the server before and after.
const LOOKS: &str = "cd /etc/ssh && stat -c '%n %a %u:%g %F' . * && sha256sum sshd_config moduli";

/// Whoever verifies the campus's server, with the key to it.
struct Verifier {
    on: On,
    dir: Labs,
    key: PathBuf,
    host: String,
}

impl Verifier {
    fn of(on: On, campus: &Campus, private: &str) -> Self {
        let dir = Labs::new(on);
        let key = dir.path().join("key");
        std::fs::write(&key, format!("{private}\n")).unwrap();
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        let host = format!("server=root@{}", campus.offer("192.168.1.10:22".parse().unwrap()));
        Verifier { on, dir, key, host }
    }

    fn command(&self, out: &Path, more: &[&str]) -> Command {
        let mut command = saiten(self.on, self.dir.path());
        command.args(["verify", "ssh/slow-login", "--host", &self.host, "--identity"]).arg(&self.key);
        command.arg("--out").arg(out).args(more);
        command
    }

    /// Exit status, the scenario's results, and what was said.
    fn verify(&self, out: &str, more: &[&str]) -> (Option<i32>, Value, String) {
        let out = self.dir.path().join(out);
        let done = self.command(&out, more).output().unwrap();
        let said = text(&done);
        let results = std::fs::read(out.join("results.json")).unwrap_or_else(|err| panic!("{err}: {said}"));
        let results: Value = serde_json::from_slice(&results).unwrap();
        (done.status.code(), results["scenarios"][0].clone(), said)
    }
}

fn a_look_at_a_live_sshd_only_reads(on: On) {
    let (campus, private) = campus_for_root();
    let before = campus.lab.says("server", LOOKS);
    let verifier = Verifier::of(on, &campus, &private);
    let known = verifier.dir.path().join("known_hosts");
    let look = |out: &str| {
        let (status, scenario, said) = verifier.verify(out, &["--fit", "--known-hosts", known.to_str().unwrap()]);
        (status, scenario["fitness"].clone(), said)
    };
    let (status, fitness, said) = look("fit");
    assert_eq!((status, &fitness["fitness"]), (Some(0), &"fit".into()), "{said}");
    assert!(fitness["subjects"][0]["facts"]["os"].as_str().unwrap().contains("Debian"), "{fitness}");
    assert!(said.contains("copies of its /etc/ssh/sshd_config"), "{said}");
    assert_eq!(campus.lab.says("server", LOOKS), before);

    let edit = "sed -i 's/GSSAPIAuthentication yes/GSSAPIAuthentication no/' /etc/ssh/sshd_config";
    campus.lab.says("server", edit);
    let (status, fitness, said) = look("says-no");
    assert_eq!((status, &fitness["fitness"]), (Some(1), &"not_fit".into()), "{said}");
    assert!(said.contains("this machine says `GSSAPIAuthentication no` there"), "{said}");

    // Nobody is let in: nothing is said against the machine.
    campus.lab.says("server", "rm /root/.ssh/authorized_keys");
    let (status, fitness, said) = look("locked");
    assert_eq!((status, &fitness["fitness"]), (Some(3), &"cannot_tell".into()), "{said}");
    assert!(said.contains("Permission denied"), "{said}");
}

fn a_live_sshd_is_put_back_after_an_interrupt(on: On) {
    let (campus, private) = campus_for_root();
    let before = campus.lab.says("server", LOOKS);
    let verifier = Verifier::of(on, &campus, &private);
    let known = verifier.dir.path().join("known_hosts");
    let out = verifier.dir.path().join("interrupted");
    let mut command = verifier.command(&out, &["--apply", "--known-hosts", known.to_str().unwrap()]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("a changed file", || campus.lab.says("server", LOOKS) != before);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(campus.lab.says("server", LOOKS), before);
    let results: Value = serde_json::from_slice(&std::fs::read(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(results["run"]["interrupted"], true);
}

fn a_live_sshd_is_verified_changed_and_put_back(on: On) {
    let (campus, private) = campus_for_root();
    let before = campus.lab.says("server", LOOKS);
    let verifier = Verifier::of(on, &campus, &private);
    let verify = |out: &str, more: &[&str]| verifier.verify(out, more);

    // Only looked at: the symptom is there, and whether it can be cured nobody knows.
    let (status, scenario, said) = verify("looked-at", &[]);
    assert_eq!((status, &scenario["fitness"]["fitness"]), (Some(3), &"cannot_tell".into()), "{said}");
    assert!(said.contains("--apply"), "{said}");
    assert_eq!(campus.lab.says("server", LOOKS), before);

    let known = verifier.dir.path().join("known_hosts");
    let apply = ["--apply", "--known-hosts", known.to_str().unwrap()];
    let (status, scenario, said) = verify("changed", &apply);
    assert_eq!((status, &scenario["fitness"]["fitness"]), (Some(0), &"fit".into()), "{said}");
    let check = |name: &str, arm: &str| {
        let mut checks = scenario["checks"].as_array().unwrap().iter();
        word(&checks.find(|check| check["name"] == name && check["arm"] == arm).unwrap()["verdict"])
    };
    assert_eq!(
        (check("login-is-quick", "applied"), check("client-asks-no-name", "applied")),
        ("pass".into(), "pass".into())
    );
    assert_eq!(check("server-asks-no-name", "applied"), "unsupported");
    // As it was: no copy that the course makes is left, and the daemon offers again what it offered.
    assert_eq!(campus.lab.says("server", LOOKS), before, "{said}");
    assert!(!said.contains("could not be put back") && said.contains("was put back"), "{said}");

    // Another machine at the same address: it is not let near anything.
    let known_key = std::fs::read_to_string(&known).unwrap();
    let another =
        campus.lab.says("client", "ssh-keygen -q -t ed25519 -N '' -f /root/another; cut -d' ' -f1,2 /root/another.pub");
    let at = known_key.split(' ').next().unwrap();
    std::fs::write(&known, format!("{at} {another}\n")).unwrap();
    let (status, scenario, said) = verify("stranger", &apply);
    assert_eq!((status, &scenario["fitness"]["fitness"]), (Some(3), &"cannot_tell".into()), "{said}");
    assert!(
        said.contains("HOST IDENTIFICATION HAS CHANGED") || said.contains("Host key verification failed"),
        "{said}"
    );
    assert_eq!(campus.lab.says("server", LOOKS), before);
}
