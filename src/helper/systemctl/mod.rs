//! A small `systemctl` for endpoints without systemd, so that the course's commands run as printed.
//!
//! It reads the unit files that distributions ship. Each running service has a supervisor process of its own, this
//! program again ([`supervise`]); PID 1 only reaps.

pub mod command;
pub mod load;
pub mod log;
pub mod notify;
pub mod process;
pub mod record;
pub mod say;
pub mod service;
pub mod status;
pub mod supervise;
pub mod unit;

use service::Verb;

/// What stands besides the verb and the units.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    quiet: bool,
    now: bool,
    failed: bool,
    values_only: bool,
    properties: Vec<String>,
    lines: Option<usize>,
}

/// Runs `systemctl` with the words after its name; returns the exit status. Has to be called before the first thread
/// is started, because a supervisor blocks a signal and a service must not inherit a thread's leftovers.
#[must_use]
pub fn main(args: &[String]) -> i32 {
    match args.first().map(String::as_str) {
        Some("--supervise") if args.len() == 2 => return supervise::supervise(&args[1]),
        Some("--exec") => return process::become_it(&args[1..]),
        _ => {}
    }
    match options(args) {
        Ok((words, options)) => run(&words, &options),
        Err(why) => {
            say::err(&format!("systemctl: {why}"));
            1
        }
    }
}

fn options(args: &[String]) -> Result<(Vec<&str>, Options), String> {
    let mut words = Vec::new();
    let mut found = Options::default();
    let mut rest = args.iter().map(String::as_str);
    while let Some(arg) = rest.next() {
        let (name, inline) = match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (arg, None),
        };
        let mut value =
            || inline.or_else(|| rest.next()).ok_or_else(|| format!("option '{name}' requires an argument"));
        match name {
            "-q" | "--quiet" => found.quiet = true,
            "--now" => found.now = true,
            "--failed" => found.failed = true,
            "--value" => found.values_only = true,
            "-p" | "-P" | "--property" => {
                found.values_only |= name == "-P";
                found.properties.extend(value()?.split(',').map(str::to_owned));
            }
            "-n" | "--lines" => {
                let text = value()?;
                found.lines = Some(text.parse().map_err(|_| format!("Failed to parse lines '{text}'"))?);
            }
            // Of one kind of unit, of one state or in one form: there is no other here.
            "-t" | "--type" | "--state" | "-o" | "--output" | "--root" | "--preset-mode" => drop(value()?),
            "--" => words.extend(rest.by_ref()),
            "--no-pager" | "--no-block" | "--no-ask-password" | "--system" | "-l" | "--full" | "-a" | "--all"
            | "-f" | "--force" | "--no-legend" | "--plain" | "--no-reload" | "--wait" => {}
            _ if arg.starts_with('-') => return Err(format!("unrecognized option '{arg}'")),
            _ => words.push(arg),
        }
    }
    Ok((words, found))
}

fn run(words: &[&str], options: &Options) -> i32 {
    let (verb, units) = words.split_first().map_or(("list-units", words), |(verb, units)| (*verb, units));
    let change = match verb {
        "start" => Some(Verb::Start),
        "stop" => Some(Verb::Stop),
        "restart" | "force-restart" => Some(Verb::Restart),
        "try-restart" | "condrestart" => Some(Verb::TryRestart),
        "reload" => Some(Verb::Reload),
        "reload-or-restart" | "force-reload" => Some(Verb::ReloadOrRestart),
        _ => None,
    };
    match verb {
        "list-units" => return status::list(options.failed),
        "daemon-reload" | "daemon-reexec" => return allowed(verb, "").map_or_else(|code| code, |()| 0),
        "status" if units.is_empty() => return status::list(options.failed),
        "show" if units.is_empty() => return 0,
        "reset-failed" if units.is_empty() => {
            let names = record::recorded();
            return names.iter().map(|name| reset(name)).max().unwrap_or(0);
        }
        _ if units.is_empty() && known(verb) => {
            say::err("Too few arguments.");
            return 1;
        }
        _ if !known(verb) => {
            say::err(&format!("Unknown command verb {verb}."));
            return 1;
        }
        _ => {}
    }
    if let Some(change) = change {
        return each(units, |unit| allowed(verb, unit).map_or_else(|code| code, |()| service::act(change, unit)));
    }
    look(verb, units, options)
}

fn known(verb: &str) -> bool {
    let verbs = "start stop restart force-restart try-restart condrestart reload reload-or-restart force-reload status \
                 is-active is-failed is-enabled enable disable preset mask unmask cat show reset-failed";
    verbs.split_whitespace().any(|one| one == verb)
}

fn look(verb: &str, units: &[&str], options: &Options) -> i32 {
    match verb {
        "status" => each(units, |unit| status::status(unit, options.lines.unwrap_or(10))),
        // One unit that is up is enough.
        "is-active" => best(units, options, status::is_active),
        "is-failed" => best(units, options, status::is_failed),
        "is-enabled" => best(units, options, status::is_enabled),
        "cat" => each(units, status::cat),
        "show" => each(units, |unit| status::show(unit, &options.properties, options.values_only)),
        "enable" | "disable" => each(units, |unit| install(verb, unit, options)),
        // What packages run after their installation; Debian's preset is to enable.
        "preset" => each(units, |unit| install("enable", unit, options)),
        "reset-failed" => each(units, reset),
        _ => each(units, |unit| {
            let name = load::full_name(unit);
            say::err(&format!("Failed to {verb} unit: {name} cannot be masked or unmasked in this lab."));
            1
        }),
    }
}

fn each(units: &[&str], mut act: impl FnMut(&str) -> i32) -> i32 {
    units.iter().map(|unit| act(unit)).fold(0, |first, code| if first == 0 { code } else { first })
}

fn best(units: &[&str], options: &Options, test: impl Fn(&str) -> (String, i32)) -> i32 {
    let mut codes = Vec::new();
    for unit in units {
        let (word, code) = test(unit);
        if !options.quiet && !word.is_empty() {
            say::out(&word);
        }
        codes.push(code);
    }
    codes.into_iter().min().unwrap_or(0)
}

/// Only root may change anything; what others see is systemd's answer without a policy agent.
fn allowed(verb: &str, unit: &str) -> Result<(), i32> {
    if nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let what = if unit.is_empty() { verb.to_owned() } else { format!("{verb} {}", load::full_name(unit)) };
    say::err(&format!("Failed to {what}: Access denied"));
    if !unit.is_empty() {
        say::err(&format!("See system logs and 'systemctl status {}' for details.", load::full_name(unit)));
    }
    Err(4)
}

fn install(verb: &str, typed: &str, options: &Options) -> i32 {
    if let Err(code) = allowed(verb, typed) {
        return code;
    }
    let name = load::full_name(typed);
    let Ok(loaded) = load::load(&name) else {
        say::err(&format!("Failed to {verb} unit: Unit file {name} does not exist."));
        return 1;
    };
    let on = verb == "enable";
    let links = if on { load::enable(&loaded) } else { load::disable(&loaded) };
    match links {
        Ok(links) => {
            for link in links.iter().filter(|_| !options.quiet) {
                say::err(&if on {
                    format!("Created symlink {} → {}.", link.display(), loaded.path.display())
                } else {
                    format!("Removed \"{}\".", link.display())
                });
            }
        }
        Err(why) => {
            say::err(&format!("Failed to {verb} unit: {why}"));
            return 1;
        }
    }
    match (options.now, on) {
        (false, _) => 0,
        (true, true) => service::act(Verb::Start, typed),
        (true, false) => service::act(Verb::Stop, &loaded.unit.name),
    }
}

fn reset(typed: &str) -> i32 {
    if let Err(code) = allowed("reset-failed", typed) {
        return code;
    }
    let name = load::load(&load::full_name(typed)).map_or_else(|_| load::full_name(typed), |loaded| loaded.unit.name);
    if record::Record::read(&name).active == "failed" {
        record::Record::forget(&name);
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(Vec<String>, Options), String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        options(&args).map(|(words, options)| (words.into_iter().map(str::to_owned).collect(), options))
    }

    #[test]
    fn options_may_stand_anywhere() {
        let (words, options) = parsed("show sshd -p MainPID,SubState --property=Id --value --no-pager").unwrap();
        assert_eq!(words, ["show", "sshd"]);
        assert_eq!(options.properties, ["MainPID", "SubState", "Id"]);
        assert!(options.values_only);
        assert_eq!(parsed("status -n 3 ssh").unwrap().1.lines, Some(3));
        assert!(parsed("status --lines=x ssh").is_err());
        assert!(parsed("status --frob ssh").unwrap_err().contains("--frob"));
        assert!(parsed("show -p").is_err());
        assert_eq!(parsed("-q stop -- -x").unwrap().0, ["stop", "-x"]);
    }
}
