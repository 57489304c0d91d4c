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
fn a_script_that_was_cut_off_is_known() {
    assert!(script(&Needs::default()).ends_with("say whole yes"));
    assert!(is_whole("os\tDebian\nwhole\tyes\n") && !is_whole("os\tDebian\nwho") && !is_whole("This account is closed.\n"));
}

#[test]
fn whatever_is_asked_for_is_quoted() {
    let needs = Needs { tools: set(&["a'; rm -rf /; '"]), ..Needs::default() };
    assert!(script(&needs).contains(r"for tool in 'a'\''; rm -rf /; '\''';"));
    assert!(script_for_copy(&["x y".to_owned()]).contains("for user in 'x y';"));
}
