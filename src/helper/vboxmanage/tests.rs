//! VBoxManage without a hypervisor: a registry in a directory, a scripted one behind a socket, a host that only listens.

mod grammar;
mod orders;
mod registry;
mod shown;
mod trouble;

use super::attach::Host;
use super::machine::Places;
use super::{World, machine};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const REALTEK: &str = "Realtek PCIe GBE Family Controller";
const CENT7: &str = "# The course's.\nname=cent7\nUUID=8ffdf553-21bf-437e-bdea-13907ed80b66\nmemory=192\n\
    macaddress1=080027000001\nnic1=nat\nbridgeadapter2=Realtek PCIe GBE Family Controller\nmacaddress2=080027000002\n\
    cableconnected2=on\nnic2=bridged\nguestaddress2=192.168.1.10/24\n";

type Log = Arc<Mutex<Vec<String>>>;

/// What the hypervisor does after an order.
#[derive(Clone)]
enum Reply {
    Lines(Vec<String>),
    Hang,
    Close,
}

fn fine() -> Reply {
    Reply::Lines(vec!["{\"return\": {}}".into()])
}

fn error(class: &str, reason: &str) -> Reply {
    Reply::Lines(vec![format!("{{\"error\": {{\"class\": \"{class}\", \"desc\": \"{reason}\"}}}}")])
}

fn event(name: &str, device: &str) -> String {
    format!(
        "{{\"timestamp\": {{\"seconds\": 1, \"microseconds\": 2}}, \"event\": \"{name}\", \
         \"data\": {{\"device\": \"{device}\", \"path\": \"/machine/peripheral/{device}\"}}}}"
    )
}

fn deleted(device: &str) -> String {
    event("DEVICE_DELETED", device)
}

/// As QEMU: the answer comes first, then the ends of the device's parts, then its own.
fn usual(command: &str, arguments: &Value) -> Reply {
    if command == "device_add" {
        let id = arguments["id"].as_str().unwrap();
        let up =
            format!("{{\"event\": \"NIC_RX_FILTER_CHANGED\", \"data\": {{\"name\": \"{id}\", \"path\": \"/x\"}}}}");
        return Reply::Lines(vec!["{\"return\": {}}".into(), up]);
    }
    if command != "device_del" {
        return fine();
    }
    let part = "{\"event\": \"DEVICE_DELETED\", \"data\": {\"path\": \"/machine/peripheral/nic2/virtio-backend\"}}";
    Reply::Lines(vec!["{\"return\": {}}".into(), part.into(), deleted(arguments["id"].as_str().unwrap())])
}

fn serve(socket: &Path, log: &Log, answer: impl Fn(&str, &Value) -> Reply + Send + 'static) {
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(socket).unwrap();
    let (log, socket) = (Arc::clone(log), socket.to_owned());
    std::thread::spawn(move || {
        let mut open = true;
        while open {
            let (stream, _) = listener.accept().unwrap();
            open = converse(&stream, &log, &answer).is_some();
            if !open {
                // Before the connection, as the caller looks whether somebody still listens.
                fs::remove_file(&socket).unwrap();
            }
        }
    });
}

/// None when the hypervisor is to end.
fn converse(mut stream: &UnixStream, log: &Log, answer: &impl Fn(&str, &Value) -> Reply) -> Option<()> {
    if stream.write_all(b"{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n").is_err() {
        return Some(());
    }
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return Some(()) };
        let order: Value = serde_json::from_str(&line).unwrap();
        let (command, arguments) = (order["execute"].as_str().unwrap(), &order["arguments"]);
        if command != "qmp_capabilities" {
            log.lock().unwrap().push(format!("{command} {arguments}"));
        }
        match if command == "qmp_capabilities" { fine() } else { answer(command, arguments) } {
            Reply::Lines(lines) => {
                let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
                if stream.write_all(text.as_bytes()).is_err() {
                    return Some(());
                }
            }
            Reply::Hang => std::thread::sleep(Duration::from_secs(5)),
            Reply::Close => return None,
        }
    }
    Some(())
}

/// Writes down what it is told.
struct Outside {
    log: Log,
    starts: Result<(), Vec<String>>,
}

impl Host for Outside {
    fn bridge(&mut self, adapter: &str) -> Result<Option<String>, String> {
        Ok(Some("br0".to_owned()).filter(|_| adapter == REALTEK))
    }

    fn fresh_tap(&mut self, tap: &str, mac: &str, bridge: Option<&str>) -> Result<(), String> {
        self.log.lock().unwrap().push(format!("fresh {tap} {mac} in {}", bridge.unwrap_or("nothing")));
        Ok(())
    }

    fn leave(&mut self, tap: &str) -> Result<(), String> {
        self.log.lock().unwrap().push(format!("{tap} leaves"));
        Ok(())
    }

    fn start(&mut self, stem: &str) -> Result<(), Vec<String>> {
        self.log.lock().unwrap().push(format!("start {stem}"));
        self.starts.clone()
    }
}

struct Lab {
    places: Places,
    patience: Duration,
    log: Log,
    starts: Result<(), Vec<String>>,
    // Last, so that it goes last.
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let places = Places {
            registry: at("vm"),
            run: at("run"),
            adapters: at("hostifs"),
            defaults: at("default"),
            net: at("net"),
        };
        fs::create_dir(&places.registry).unwrap();
        fs::write(places.registry.join("cent7.conf"), CENT7).unwrap();
        let adapters = format!("# None.\nen1={REALTEK}\nen0=en0: Wi-Fi\nwl9=無線 \"LAN\"\n../x=bad\nno name\n");
        fs::write(&places.adapters, adapters).unwrap();
        for (interface, mac) in
            [("en0", "3c:22:fb:0e:61:81"), ("en1", "02:00:00:00:00:01"), ("br0", "02:00:00:00:00:01")]
        {
            let own = places.net.join(interface);
            fs::create_dir_all(&own).unwrap();
            fs::write(own.join("address"), format!("{mac}\n")).unwrap();
            fs::write(own.join("flags"), "0x1003\n").unwrap();
        }
        Self { places, patience: Duration::from_secs(10), log: Log::default(), starts: Ok(()), dir }
    }

    /// With a machine that runs.
    fn running(answer: impl Fn(&str, &Value) -> Reply + Send + 'static) -> Self {
        let lab = Self::new();
        serve(&lab.places.run.join("cent7/qmp.sock"), &lab.log, answer);
        lab
    }

    /// Status, standard output, standard error.
    fn run(&self, words: &[&str]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = self.run_into(words, &mut out, &mut err);
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    fn run_into(&self, words: &[&str], out: &mut dyn Write, err: &mut dyn Write) -> u8 {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let mut host = Outside { log: Arc::clone(&self.log), starts: self.starts.clone() };
        World { places: &self.places, patience: self.patience, host: &mut host, out, err }.run(&words)
    }

    /// Says nothing and succeeds.
    fn does(&self, words: &[&str]) {
        assert_eq!(self.run(words), (0, String::new(), String::new()), "{words:?}");
    }

    /// Fails with that first line.
    fn fails(&self, words: &[&str], status: u8, line: &str) {
        let (own, out, err) = self.run(words);
        assert_eq!((own, out.as_str()), (status, ""), "{words:?}: {err}");
        assert_eq!(err.lines().next(), Some(format!("VBoxManage: error: {line}").as_str()), "{words:?}");
    }

    /// What hypervisor and host were told since the last time.
    fn told(&self) -> String {
        std::mem::take(&mut *self.log.lock().unwrap()).join("\n")
    }

    fn conf(&self) -> String {
        fs::read_to_string(self.places.registry.join("cent7.conf")).unwrap()
    }

    fn set(&self, from: &str, to: &str) {
        assert!(self.conf().contains(from));
        fs::write(self.places.registry.join("cent7.conf"), self.conf().replace(from, to)).unwrap();
    }
}
