//! Capabilities (capabilities(7)) and kernel parameters (sysctl(8)) that an endpoint may ask for.

use super::super::error::{Problem, printable, say};
use super::super::file::value::At;
use super::super::suggest::nearest;
use super::Resolver;

/// All capabilities of Linux 6.x, without `CAP_`.
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// Capabilities that no endpoint gets: with them it could reach the helper that measures it, or the machine. What each
/// would allow, in English and Japanese.
const REFUSED: [(&str, &str, &str); 15] = [
    ("SYS_PTRACE", "it could read and change the helper's memory", "ヘルパーのメモリを読み書きできます"),
    ("SYS_ADMIN", "it could mount, and enter other namespaces", "マウントや他の名前空間への移動ができます"),
    ("SYS_MODULE", "it could load code into the machine's kernel", "マシンのカーネルにコードを読み込めます"),
    ("SYS_RAWIO", "it could reach the machine's memory and devices", "マシンのメモリやデバイスに触れます"),
    ("DAC_READ_SEARCH", "it could open files outside its root by handle", "ルートの外のファイルを開けます"),
    (
        "SYS_RESOURCE",
        "it could lift its limits, and change the helper's",
        "自分の制限を外し、ヘルパーの制限を変えられます",
    ),
    ("SYS_NICE", "it could change the helper's priority", "ヘルパーの優先度を変えられます"),
    ("SYS_BOOT", "it could restart the machine", "マシンを再起動できます"),
    ("SYS_TIME", "it could set the clock that measurements use", "測定に使う時計を変えられます"),
    ("BPF", "it could load programs into the machine's kernel", "マシンのカーネルにプログラムを読み込めます"),
    ("PERFMON", "it could watch other processes and the kernel", "他のプロセスやカーネルを観察できます"),
    ("CHECKPOINT_RESTORE", "it could read other processes' files", "他のプロセスのファイルを読めます"),
    ("SYSLOG", "it could read the machine's kernel log", "マシンのカーネルログを読めます"),
    ("MAC_ADMIN", "it could change the machine's access policy", "マシンのアクセス制御を変えられます"),
    ("MAC_OVERRIDE", "it could bypass the machine's access policy", "マシンのアクセス制御を無視できます"),
];

/// Kernel parameters outside of `net.` and `fs.mqueue.` that a namespace has of its own (namespaces(7)).
const KERNEL: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

impl Resolver<'_> {
    /// The capabilities of one endpoint.
    pub(super) fn capabilities(&mut self, given: &[At<String>]) -> Vec<String> {
        for capability in given {
            if let Some(problem) = capability_problem(capability) {
                self.push(problem);
            }
        }
        given.iter().map(|capability| capability.value.clone()).collect()
    }

    /// Reports a kernel parameter that is none, or is the whole machine's.
    pub(super) fn check_sysctl(&mut self, key: &At<String>, value: &At<String>) {
        let shown = printable(key);
        let part =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-:@".contains(&b));
        let own = key.starts_with("net.") || key.starts_with("fs.mqueue.") || KERNEL.contains(&key.as_str());
        if !key.split('.').all(part) || !key.contains('.') {
            let problem = Problem::at(
                &key.span,
                say!("`{shown}` is not a kernel parameter", "`{shown}` はカーネルパラメータではありません"),
            );
            self.push(problem.help(say!("for example \"net.ipv4.ip_forward\"", "例: \"net.ipv4.ip_forward\"")));
        } else if !own {
            let title = say!("`{shown}` belongs to the whole machine", "`{shown}` はマシン全体の設定です");
            let help = say!(
                "an endpoint has its own `net.` parameters only",
                "エンドポイントが持つのは `net.` のパラメータなどです"
            );
            self.push(Problem::at(&key.span, title).help(help));
        }
        if value.contains(char::is_control) || value.is_empty() {
            let title = say!("a kernel parameter's value is one line", "カーネルパラメータの値は1行です");
            self.push(Problem::at(&value.span, title));
        }
    }
}

fn capability_problem(capability: &At<String>) -> Option<Problem> {
    let shown = printable(capability);
    if let Some((_, why, ja)) = REFUSED.iter().find(|(name, ..)| *name == capability.value) {
        let title = say!("an endpoint cannot have `{shown}`", "エンドポイントに `{shown}` は与えられません");
        return Some(Problem::at(&capability.span, title).label(say!("{why}", "{ja}")));
    }
    if CAPABILITIES.contains(&capability.as_str()) {
        return None;
    }
    let upper = capability.to_uppercase();
    let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
    let problem = Problem::at(
        &capability.span,
        say!("there is no capability `{shown}`", "ケーパビリティ `{shown}` はありません"),
    );
    Some(match nearest(bare, CAPABILITIES) {
        Some(near) => problem.help(say!("did you mean `{near}`?", "`{near}` ではありませんか")),
        None => problem.help(say!(
            "capabilities(7) lists them; leave `CAP_` out",
            "capabilities(7) の名前から `CAP_` を除いて書きます"
        )),
    })
}
