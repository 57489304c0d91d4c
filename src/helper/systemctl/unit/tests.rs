//! The parser on the unit files that Debian 12 ships, and on what people do to them.

use super::*;

const SSH: &str = r#"[Unit]
Description=OpenBSD Secure Shell server
Documentation=man:sshd(8) man:sshd_config(5)
After=network.target auditd.service
ConditionPathExists=!/etc/ssh/sshd_not_to_be_run

[Service]
EnvironmentFile=-/etc/default/ssh
ExecStartPre=/usr/sbin/sshd -t
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
ExecReload=/usr/sbin/sshd -t
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process
Restart=on-failure
RestartPreventExitStatus=255
Type=notify
RuntimeDirectory=sshd
RuntimeDirectoryMode=0755

[Install]
WantedBy=multi-user.target
Alias=sshd.service
"#;

const NAMED: &str = r#"[Unit]
Description=BIND Domain Name Server
Documentation=man:named(8)
After=network.target
Wants=nss-lookup.target
Before=nss-lookup.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/named
ExecStart=/usr/sbin/named -f $OPTIONS
ExecReload=/usr/sbin/rndc reload
ExecStop=/usr/sbin/rndc stop
Restart=on-failure

[Install]
WantedBy=multi-user.target
Alias=bind9.service
"#;

const DNSMASQ: &str = r#"[Unit]
Description=dnsmasq - A lightweight DHCP and caching DNS server
Requires=network.target
Wants=nss-lookup.target
Before=nss-lookup.target
After=network.target

[Service]
Type=forking
PIDFile=/run/dnsmasq/dnsmasq.pid

# Test the config file and refuse starting if it is not valid.
ExecStartPre=/usr/share/dnsmasq/systemd-helper checkconfig

# We run dnsmasq via the /usr/share/dnsmasq/systemd-helper script which acts
# as a wrapper picking up extra configuration files and then execs dnsmasq
# itself, when called with the "exec" function.
ExecStart=/usr/share/dnsmasq/systemd-helper exec

# The *-resolvconf functions configure (and deconfigure)
# resolvconf to work with the dnsmasq DNS server. They're called like
# this to get correct error handling (ie don't start-resolvconf if the
# dnsmasq daemon fails to start).
ExecStartPost=/usr/share/dnsmasq/systemd-helper start-resolvconf
ExecStop=/usr/share/dnsmasq/systemd-helper stop-resolvconf


ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
"#;

const NGINX: &str = r#"# Stop dance for nginx
# =======================
#
# ExecStop sends SIGQUIT (graceful stop) to the nginx process.
# If, after 5s (--retry QUIT/5) nginx is still running, systemd takes control
# and sends SIGTERM (fast shutdown) to the main process.
# After another 5s (TimeoutStopSec=5), and if nginx is alive, systemd sends
# SIGKILL to all the remaining processes in the process group (KillMode=mixed).
#
# nginx signals reference doc:
# http://nginx.org/en/docs/control.html
#
[Unit]
Description=A high performance web server and a reverse proxy server
Documentation=man:nginx(8)
After=network-online.target remote-fs.target nss-lookup.target
Wants=network-online.target

[Service]
Type=forking
PIDFile=/run/nginx.pid
ExecStartPre=/usr/sbin/nginx -t -q -g 'daemon on; master_process on;'
ExecStart=/usr/sbin/nginx -g 'daemon on; master_process on;'
ExecReload=/usr/sbin/nginx -g 'daemon on; master_process on;' -s reload
ExecStop=-/sbin/start-stop-daemon --quiet --stop --retry QUIT/5 --pidfile /run/nginx.pid
TimeoutStopSec=5
KillMode=mixed

[Install]
WantedBy=multi-user.target
"#;

const OPENVPN: &str = r#"[Unit]
Description=OpenVPN connection to %i
PartOf=openvpn.service
Before=systemd-user-sessions.service
After=network-online.target
Wants=network-online.target
Documentation=man:openvpn(8)
Documentation=https://community.openvpn.net/openvpn/wiki/Openvpn24ManPage
Documentation=https://community.openvpn.net/openvpn/wiki/HOWTO

[Service]
Type=notify
PrivateTmp=true
WorkingDirectory=/etc/openvpn
ExecStart=/usr/sbin/openvpn --daemon ovpn-%i --status /run/openvpn/%i.status 10 --cd /etc/openvpn --config /etc/openvpn/%i.conf --writepid /run/openvpn/%i.pid
PIDFile=/run/openvpn/%i.pid
KillMode=process
CapabilityBoundingSet=CAP_IPC_LOCK CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_SYS_CHROOT CAP_DAC_OVERRIDE CAP_AUDIT_WRITE
TasksMax=10
DeviceAllow=/dev/null rw
DeviceAllow=/dev/net/tun rw
ProtectSystem=true
ProtectHome=true
RestartSec=5s
Restart=on-failure

[Install]
WantedBy=multi-user.target
"#;

fn unit(name: &str, texts: &[&str]) -> Result<Unit, String> {
    let mut all = Assignments::default();
    texts.iter().for_each(|text| all.add(text));
    Unit::read(name, &all)
}

fn programs(commands: &[Command]) -> Vec<String> {
    commands.iter().map(|command| command.words.join(" ")).collect()
}

#[test]
fn ssh_service() {
    let ssh = unit("ssh.service", &[SSH]).unwrap();
    assert_eq!((ssh.kind, ssh.kill_mode), (Kind::Notify, KillMode::Process));
    assert_eq!(ssh.description, "OpenBSD Secure Shell server");
    assert_eq!(ssh.documentation, ["man:sshd(8)", "man:sshd_config(5)"]);
    assert_eq!(programs(&ssh.start_pre), ["/usr/sbin/sshd -t"]);
    assert_eq!(programs(&ssh.start), ["/usr/sbin/sshd -D $SSHD_OPTS"]);
    assert_eq!(programs(&ssh.reload), ["/usr/sbin/sshd -t", "/bin/kill -HUP $MAINPID"]);
    assert_eq!(ssh.environment_files, [("/etc/default/ssh".to_owned(), true)]);
    assert_eq!((ssh.runtime_directories.as_slice(), ssh.runtime_mode), (["/run/sshd".to_owned()].as_slice(), 0o755));
    assert_eq!(ssh.conditions, ["!/etc/ssh/sshd_not_to_be_run"]);
    assert_eq!((ssh.aliases, ssh.wanted_by), (vec!["sshd.service".to_owned()], vec!["multi-user.target".to_owned()]));
}

#[test]
fn named_service() {
    let named = unit("named.service", &[NAMED]).unwrap();
    assert_eq!((named.kind, named.kill_mode), (Kind::Notify, KillMode::ControlGroup));
    assert_eq!(programs(&named.stop), ["/usr/sbin/rndc stop"]);
    assert_eq!(named.start_limit, Duration::from_secs(20));
    assert_eq!(named.aliases, ["bind9.service"]);
}

#[test]
fn dnsmasq_service() {
    let dnsmasq = unit("dnsmasq.service", &[DNSMASQ]).unwrap();
    assert_eq!((dnsmasq.kind, dnsmasq.pid_file.as_deref()), (Kind::Forking, Some("/run/dnsmasq/dnsmasq.pid")));
    assert_eq!(programs(&dnsmasq.start_post), ["/usr/share/dnsmasq/systemd-helper start-resolvconf"]);
    assert_eq!(dnsmasq.description, "dnsmasq - A lightweight DHCP and caching DNS server");
}

#[test]
fn nginx_service() {
    let nginx = unit("nginx.service", &[NGINX]).unwrap();
    assert_eq!((nginx.kill_mode, nginx.stop_limit), (KillMode::Mixed, Duration::from_secs(5)));
    assert_eq!(nginx.start[0].words[2], "daemon on; master_process on;");
    assert!(nginx.stop[0].may_fail);
}

#[test]
fn an_instance_of_a_template() {
    let tunnel = unit("openvpn@a-b.service", &[OPENVPN]).unwrap();
    assert_eq!(tunnel.description, "OpenVPN connection to a-b");
    assert_eq!(tunnel.pid_file.as_deref(), Some("/run/openvpn/a-b.pid"));
    assert!(tunnel.start[0].words.contains(&"/etc/openvpn/a-b.conf".to_owned()));
    assert_eq!(specifiers("x@a-b.service", "%I %p %N %t 100%% %q"), "a/b x x@a-b /run 100% %q");
}

#[test]
fn a_drop_in_adds_and_an_empty_value_resets() {
    let more = "[Service]\nExecStartPre=/bin/one\nExecReload=\nKillMode=mixed\nEnvironment=\"A=b c\" D=%n\n";
    let ssh = unit("ssh.service", &[SSH, more]).unwrap();
    assert_eq!(programs(&ssh.start_pre), ["/usr/sbin/sshd -t", "/bin/one"]);
    assert!(ssh.reload.is_empty());
    assert_eq!(ssh.kill_mode, KillMode::Mixed);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(ssh.environment, [pair("A", "b c"), pair("D", "ssh.service")]);
    let other = unit("ssh.service", &[SSH, "[Service]\nExecStart=\nExecStart=/bin/two\n"]).unwrap();
    assert_eq!(programs(&other.start), ["/bin/two"]);
}

#[test]
fn lines_continue_past_comments() {
    let text = "[Service]\n; no\n ExecStart = /bin/a \\\n# between\n  -b \\\n  'c d'\nUMask=0077\n[Install]\n";
    let found = unit("x.service", &[text]).unwrap();
    assert_eq!(found.start[0].words, ["/bin/a", "-b", "c d"]);
    assert_eq!((found.kind, found.umask), (Kind::Simple, 0o077));
}

#[test]
fn what_cannot_run_is_refused_by_name() {
    let bad = |text: &str| unit("x.service", &[text]).unwrap_err();
    assert!(bad("[Service]\nType=simple\n").contains("no ExecStart="));
    assert!(bad("[Service]\nExecStart=/a\nExecStart=/b\n").contains("more than one"));
    assert!(bad("[Service]\nExecStart=a/b\n").contains("ExecStart=a/b"));
    assert!(bad("[Service]\nType=never\nExecStart=/a\n").contains("Type=never"));
    assert!(bad("[Service]\nExecStart=/a\nUMask=9\n").contains("file mode"));
    assert!(bad("[Service]\nExecStart=/a\nTimeoutStopSec=soon\n").contains("TimeoutStopSec=soon"));
    assert!(bad("").contains("neither"));
}

#[test]
fn a_directory_cannot_point_out_of_run() {
    let text = "[Service]\nExecStart=/a\nRuntimeDirectory=../etc a/b . x\nStateDirectory=y\n";
    let found = unit("x.service", &[text]).unwrap();
    assert_eq!(found.runtime_directories, ["/run/a/b", "/run/x"]);
    assert_eq!(found.lasting_directories, ["/var/lib/y"]);
}

#[test]
fn time_spans() {
    assert_eq!(time_span("1min 30s"), Some(Duration::from_secs(90)));
    assert_eq!(time_span("2.5"), Some(Duration::from_millis(2500)));
    assert_eq!(time_span("infinity"), Some(Duration::ZERO));
    assert_eq!(time_span("3 parsecs"), None);
}
