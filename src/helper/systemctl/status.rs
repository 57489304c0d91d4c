//! What only looks at a service: status, is-active, show and their like, in systemd's words and with its statuses.

use super::load::{self, LoadError, Loaded};
use super::log;
use super::record::{self, Record};
use super::say;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `systemctl status`: 0 up, 3 not, 4 no such unit.
pub fn status(typed: &str, lines: usize) -> i32 {
    let name = load::full_name(typed);
    let loaded = match load::load(&name) {
        Ok(loaded) => loaded,
        Err(LoadError::NotFound) => {
            say::err(&format!("Unit {name} could not be found."));
            return 4;
        }
        Err(why) => {
            let (state, reason) = trouble(&why);
            say::out(&format!("○ {name}\n     Loaded: {state} (Reason: {reason})\n     Active: inactive (dead)"));
            return 3;
        }
    };
    let record = Record::read(&loaded.unit.name);
    heading(&loaded, &record);
    let log = log::tail(&loaded.unit.name, lines);
    if !log.is_empty() {
        say::out("");
        log.iter().for_each(|line| say::out(line));
    }
    if record.active == "active" { 0 } else { 3 }
}

fn trouble(why: &LoadError) -> (&'static str, String) {
    match why {
        LoadError::NotFound => ("not-found", "Unit not found.".to_owned()),
        LoadError::Masked => ("masked", "Unit is masked.".to_owned()),
        LoadError::Bad(why) => ("bad-setting", why.clone()),
    }
}

fn heading(loaded: &Loaded, record: &Record) {
    let unit = &loaded.unit;
    let dot = match record.active.as_str() {
        "active" => "●",
        "failed" => "×",
        _ => "○",
    };
    say::out(&format!("{dot} {} - {}", unit.name, unit.description));
    let enabled = load::enablement(&unit.name, loaded);
    let preset = if enabled == "static" { "" } else { "; preset: enabled" };
    say::out(&format!("     Loaded: loaded ({}; {enabled}{preset})", loaded.path.display()));
    let mut label = "    Drop-In: ";
    for file in &loaded.drop_ins {
        say::out(&format!("{label}{}", file.display()));
        label = "             ";
    }
    let result = if record.active == "failed" { format!("Result: {}", record.result) } else { record.sub.clone() };
    let since = if record.since == 0 {
        String::new()
    } else {
        format!(" since {}; {} ago", date(record.since), age(record.since))
    };
    say::out(&format!("     Active: {} ({result}){since}", record.active));
    let mut label = "       Docs: ";
    for page in &unit.documentation {
        say::out(&format!("{label}{page}"));
        label = "             ";
    }
    if let Some(main) = record.main {
        let name = fs::read_to_string(format!("/proc/{}/comm", main.pid)).unwrap_or_default();
        say::out(&format!("   Main PID: {} ({})", main.pid, name.trim_end()));
    } else if let Some((code, status)) = &record.end {
        say::out(&format!("    Process: code={code}, status={}", named(code, *status)));
    }
}

/// `255/EXCEPTION`, `15/TERM`: the number and its name in systemd.exec(5).
fn named(code: &str, status: i32) -> String {
    let name = match (code, status) {
        ("killed", _) => {
            let signal = nix::sys::signal::Signal::try_from(status);
            return signal.map_or_else(
                |_| status.to_string(),
                |one| format!("{status}/{}", one.as_str().trim_start_matches("SIG")),
            );
        }
        (_, 0) => "SUCCESS",
        (_, 1) => "FAILURE",
        (_, 2) => "INVALIDARGUMENT",
        (_, 200) => "CHDIR",
        (_, 203) => "EXEC",
        (_, 216) => "GROUP",
        (_, 217) => "USER",
        (_, 255) => "EXCEPTION",
        _ => "n/a",
    };
    format!("{status}/{name}")
}

/// `systemctl is-active`: 0 up, 3 not.
pub fn is_active(typed: &str) -> (String, i32) {
    let state = state(typed).active;
    let code = if state == "active" { 0 } else { 3 };
    (state, code)
}

/// `systemctl is-failed`: 0 failed, 1 not.
pub fn is_failed(typed: &str) -> (String, i32) {
    let state = state(typed).active;
    let code = i32::from(state != "failed");
    (state, code)
}

fn state(typed: &str) -> Record {
    load::load(&load::full_name(typed)).map_or_else(|_| Record::default(), |loaded| Record::read(&loaded.unit.name))
}

/// `systemctl is-enabled`: 0 where a start at boot is asked for, else 1.
pub fn is_enabled(typed: &str) -> (String, i32) {
    let name = load::full_name(typed);
    match load::load(&name) {
        Ok(loaded) => {
            let state = load::enablement(&name, &loaded);
            (state.to_owned(), i32::from(state == "disabled"))
        }
        Err(LoadError::Masked) => ("masked".to_owned(), 1),
        Err(LoadError::Bad(_)) => ("bad".to_owned(), 1),
        Err(LoadError::NotFound) => {
            say::err(&format!("Failed to get unit file state for {name}: No such file or directory"));
            (String::new(), 1)
        }
    }
}

/// `systemctl cat`: the unit's files as they are.
pub fn cat(typed: &str) -> i32 {
    let name = load::full_name(typed);
    let Ok(loaded) = load::load(&name) else {
        say::err(&format!("No files found for {name}."));
        return 1;
    };
    let texts = std::iter::once(&loaded.path).chain(&loaded.drop_ins).map(|path| {
        let text = fs::read(path).unwrap_or_default();
        format!("# {}\n{}", path.display(), String::from_utf8_lossy(&text))
    });
    say::out(texts.collect::<Vec<_>>().join("\n").trim_end_matches('\n'));
    0
}

/// `systemctl show`: the properties asked for, in their fixed order, or all of them.
pub fn show(typed: &str, wanted: &[String], values_only: bool) -> i32 {
    let name = load::full_name(typed);
    let loaded = load::load(&name);
    let record = loaded.as_ref().map_or_else(|_| Record::default(), |loaded| Record::read(&loaded.unit.name));
    let state = loaded.as_ref().map_or_else(|why| trouble(why).0, |_| "loaded");
    let (code, ended) =
        record.end.as_ref().map_or((0, 0), |(code, status)| (if code == "exited" { 1 } else { 2 }, *status));
    let unit = loaded.as_ref().ok();
    let text = |of: &dyn Fn(&Loaded) -> String| unit.map(of).unwrap_or_default();
    let all = [
        ("Id", unit.map_or_else(|| name.clone(), |loaded| loaded.unit.name.clone())),
        ("Names", text(&|loaded| load::names(&loaded.unit.name).into_iter().collect::<Vec<_>>().join(" "))),
        ("Description", unit.map_or_else(|| name.clone(), |loaded| loaded.unit.description.clone())),
        ("LoadState", state.to_owned()),
        ("ActiveState", record.active.clone()),
        ("SubState", record.sub.clone()),
        ("Result", record.result.clone()),
        ("MainPID", record.main.map_or(0, |main| main.pid).to_string()),
        ("ExecMainPID", record.main.map_or(0, |main| main.pid).to_string()),
        ("ExecMainCode", code.to_string()),
        ("ExecMainStatus", ended.to_string()),
        ("FragmentPath", text(&|loaded| loaded.path.display().to_string())),
        ("UnitFileState", text(&|loaded| load::enablement(&loaded.unit.name, loaded).to_owned())),
        ("CanReload", if unit.is_some_and(|loaded| !loaded.unit.reload.is_empty()) { "yes" } else { "no" }.to_owned()),
    ];
    for (key, value) in all.iter().filter(|(key, _)| wanted.is_empty() || wanted.iter().any(|one| one == key)) {
        say::out(&if values_only { value.clone() } else { format!("{key}={value}") });
    }
    0
}

/// `systemctl list-units`: those that have been started since the lab came up.
pub fn list(only_failed: bool) -> i32 {
    let units: Vec<_> = record::recorded().into_iter().map(|name| (Record::read(&name), name)).collect();
    let shown = units
        .iter()
        .filter(|(record, _)| if only_failed { record.active == "failed" } else { record.active != "inactive" });
    say::out(&format!("  {:<28} {:<6} {:<10} {:<8} DESCRIPTION", "UNIT", "LOAD", "ACTIVE", "SUB"));
    let mut count = 0;
    for (record, name) in shown {
        let description = load::load(name).map_or_else(|_| name.clone(), |loaded| loaded.unit.description);
        let dot = if record.active == "failed" { "●" } else { " " };
        say::out(&format!("{dot} {name:<28} {:<6} {:<10} {:<8} {description}", "loaded", record.active, record.sub));
        count += 1;
    }
    say::out(&format!("{count} loaded units listed."));
    0
}

fn age(since: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    match now.saturating_sub(since) {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}min {}s", seconds / 60, seconds % 60),
        seconds => format!("{}h {}min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `Mon 2026-11-23 23:50:34 UTC`; days to a date as in Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86400, seconds % 86400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest % 3600 / 60, rest % 60);
    format!("{weekday} {year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(0), "Thu 1970-01-01 00:00:00 UTC");
        assert_eq!(date(951_782_400), "Tue 2000-02-29 00:00:00 UTC");
        assert_eq!(date(1_795_477_834), "Mon 2026-11-23 23:50:34 UTC");
    }

    #[test]
    fn statuses_have_names() {
        assert_eq!(named("exited", 255), "255/EXCEPTION");
        assert_eq!(named("killed", 15), "15/TERM");
        assert_eq!(named("exited", 7), "7/n/a");
    }
}
