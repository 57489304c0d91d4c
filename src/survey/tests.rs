//! What commands need, and what the look at a machine says.

use super::*;

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn programs_are_the_first_words_of_commands() {
    let course =
        "cp /etc/ssh/sshd_config /etc/ssh/sshd_config.old\nsed \"s/A b/A c/g\" /etc/x.old > /etc/ssh/sshd_config\n";
    assert_eq!(shell::programs(course), set(&["cp", "sed"]));
    assert_eq!(shell::programs("echo 'UseDNS no; rm x' >> /etc/f"), set(&[]));
    assert_eq!(
        shell::programs("X=1 ip link && ! grep -q x f || { /bin/rm y 2>&1 | sort; }"),
        set(&["ip", "grep", "/bin/rm", "sort"])
    );
    assert_eq!(shell::programs("for x in a b; do touch $x; done # rm"), set(&["touch"]));
    assert_eq!(shell::programs("$RUN it; \"a b\" c; awk 'BEGIN {\n  print }\n'"), set(&["awk"]));
    assert_eq!(shell::programs("tee f <<E\nnot a command\nE\n"), set(&["tee"]));
    assert_eq!(shell::programs("true; case $x in a) b ;; esac"), set(&[]));
}

#[test]
fn services_are_what_is_started() {
    assert_eq!(
        shell::services("systemctl restart sshd && systemctl --no-block start a@b.service c"),
        set(&["sshd", "a@b", "c"])
    );
    assert_eq!(shell::services("service named restart; systemctl stop x; systemctl start $y"), set(&["named"]));
}

#[test]
fn what_sed_looks_for_is_read_as_it_is_spelled() {
    let of = |text: &str| shell::substituted(text);
    assert_eq!(
        of("sed \"s/GSSAPIAuthentication yes/GSSAPIAuthentication no/g\" a > b"),
        Some("GSSAPIAuthentication yes".into())
    );
    assert_eq!(of("sed -i 's|/etc|/usr|' f"), Some("/etc".into()));
    assert_eq!(of(r"sed -i 's/a\/b/c/' f"), Some(r"a\/b".into()));
    assert_eq!(of("sed -n p /etc/services/x"), None);
    assert_eq!(of("echo s/a/b/"), None);
    assert_eq!(of("sed 's/never"), None);
}

#[test]
fn the_line_in_the_place_of_what_is_looked_for_is_quoted() {
    let file = "Port 22\n#GSSAPIAuthentication yes\n  gssapiauthentication  no\nGSSAPICleanup yes\n";
    let of = |looked_for: &str, file: &str| in_its_place(looked_for, file);
    assert_eq!(of("GSSAPIAuthentication yes", file), Some((3, "gssapiauthentication  no".to_owned())));
    assert_eq!(
        of("^#*GSSAPIAuthentication yes", "x\n# GSSAPIAuthentication no\n"),
        Some((2, "# GSSAPIAuthentication no".to_owned()))
    );
    assert_eq!(of("UseDNS yes", file), None);
    assert_eq!(of("/", file), None);
}

#[test]
fn what_a_machine_lacks_is_named() {
    let survey = read(
        "server",
        "os\t\"Debian\"\nno-tool\tsed\nno-tool\tcp\nno-user\talice\nfree\t2048\nrubbish\nlocale\t\nx\ty\n",
    );
    let facts: Vec<_> = survey.facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(facts, ["free=2 MiB", "no_users=alice", "os=Debian"]);
    assert_eq!(survey.lacks, [Phrase::new("unfit-no-tool").with("endpoint", "server").with("tool", "sed, cp")]);
    assert_eq!(read("server", "free\t12\n").lacks, [Phrase::new("unfit-no-space").with("endpoint", "server")]);
}

#[test]
fn locale_keyboard_and_nics_are_told_each_once_and_plainly() {
    let facts = read(
        "server",
        "locale\t\"ja_JP.UTF-8\"\nlocale\tja_JP.UTF-8\nkeyboard\tjp\nkeyboard\tjp106\u{1b}[31m\nnic\teth0 up 52:54:00:12:34:56\nnic\ttun0 unknown \n",
    )
    .facts;
    assert_eq!(facts["locale"], "ja_JP.UTF-8");
    assert_eq!(facts["keyboard"], "jp, jp106[31m");
    assert_eq!(facts["nics"], "eth0 up 52:54:00:12:34:56, tun0 unknown");
    let many: String = (0..20).map(|at| format!("nic\tveth{at} up\n")).collect();
    assert!(read("server", &many).facts["nics"].ends_with("veth7 up, +12"));
    assert!(read("server", "locale\t\nkeyboard\t\"\"\n").facts.is_empty());
}

/// The script as a shell runs it, in a directory of its own in the place of the root.
#[test]
fn the_script_reads_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("etc/locale.conf", "# system\nLANG=ja_JP.UTF-8\nLC_TIME=C");
    put("etc/default/keyboard", "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"jp\"\n");
    put("etc/vconsole.conf", &format!("{}KEYMAP=late\n", "x\n".repeat(LINES_MOST)));
    put("sys/class/net/lo/operstate", "unknown\n");
    put("sys/class/net/ens3/operstate", "up\n");
    put("sys/class/net/ens3/address", "52:54:00:12:34:56\n");
    put("sys/class/net/bonding_masters", "bond0\n");
    put("sys/class/net/tun0/operstate", "down\n");
    let look = |nics: bool| {
        let text = script(&Needs { nics, ..Needs::default() });
        let root = dir.path().display();
        let text = text.replace("/etc/", &format!("{root}/etc/")).replace("/sys/", &format!("{root}/sys/"));
        let ran = std::process::Command::new("/bin/sh").args(["-c", &text]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(is_whole(&said), "{said}");
        read("server", &said).facts
    };
    let facts = look(true);
    assert_eq!((facts["locale"].as_str(), facts["keyboard"].as_str()), ("ja_JP.UTF-8", "jp"));
    assert_eq!(facts["nics"], "ens3 up 52:54:00:12:34:56, tun0 down");
    assert!(!look(false).contains_key("nics"));
}

#[test]
fn a_script_that_was_cut_off_is_known() {
    assert!(script(&Needs::default()).ends_with("say whole yes"));
    assert!(
        is_whole("os\tDebian\nwhole\tyes\n") && !is_whole("os\tDebian\nwho") && !is_whole("This account is closed.\n")
    );
}

#[test]
fn whatever_is_asked_for_is_quoted() {
    let needs = Needs { tools: set(&["a'; rm -rf /; '"]), ..Needs::default() };
    assert!(script(&needs).contains(r"for tool in 'a'\''; rm -rf /; '\''';"));
    assert!(script_for_copy(&["x y".to_owned()]).contains("for user in 'x y';"));
}
