//! What a machine must have for a scenario's printed commands, and the one shell script that looks whether it does. Pure.

mod shell;

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::Scenario;
use crate::wording::Phrase;

/// Longest value of a fact, in characters.
const VALUE_MOST: usize = 200;
/// Most lines that are read of a file for a fact.
const LINES_MOST: usize = 200;
/// Most NICs that are told; hosts of containers have one for each of these.
const NICS_MOST: usize = 8;
/// Free space below which a file can hardly be edited, in KiB.
const FREE_LEAST: u64 = 1024;
/// Directories in which units are, the administrator's first.
const UNITS: &str =
    "/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /lib/systemd/system /usr/lib/systemd/system";
/// What the script that looks says last.
const WHOLE: &str = "whole";
/// Numbers of users that are added begin behind this one.
const ADDED_BEHIND: u32 = 6000;

/// What one endpoint's machine must have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Programs that the printed commands call.
    pub tools: BTreeSet<String>,
    /// Files that they edit.
    pub files: BTreeSet<String>,
    /// Services that they start.
    pub services: BTreeSet<String>,
    /// Users that log in.
    pub users: Vec<String>,
    /// Whether its NICs are told: a container image has none of its own.
    pub nics: bool,
}

/// What was found out about a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// What is the case, by name; the names are those of `results.json`.
    pub facts: BTreeMap<String, String>,
    /// What it lacks.
    pub lacks: Vec<Phrase>,
    /// What else there is to say: what could not be found out, and how it was looked at.
    pub notes: Vec<Phrase>,
}

/// What the commands of a scenario need on an endpoint; those of its faults only where they are done there.
pub fn needs(scenario: &Scenario, endpoint: &str, users: Vec<String>, faults: bool) -> Needs {
    let mut needs = Needs { users, ..Needs::default() };
    let start = scenario.endpoints.get(endpoint).and_then(|endpoint| endpoint.start.as_deref());
    let faults = scenario.faults.iter().filter(|fault| faults && fault.on.iter().any(|on| on == endpoint));
    let fixes = || scenario.fixes.iter().filter(|fix| fix.action.on.iter().any(|on| on == endpoint));
    let lines = start.into_iter().chain(faults.map(|fault| fault.run.as_str()));
    let lines = lines.chain(fixes().flat_map(|fix| [Some(fix.action.run.as_str()), fix.activate.as_deref()]).flatten());
    for line in lines {
        needs.tools.extend(shell::programs(line));
        needs.services.extend(shell::services(line));
    }
    needs.files.extend(fixes().flat_map(|fix| fix.edits.iter().cloned()));
    needs
}

/// What a fix's `sed` looks for, as its first `s` command spells it.
pub fn looked_for(run: &str) -> Option<String> {
    shell::substituted(run)
}

/// The line of a file that is there in the place of what is looked for: it has the same first word, in force rather than in a
/// comment. Its number from 1, and its text.
pub fn in_its_place(looked_for: &str, content: &str) -> Option<(usize, String)> {
    let is_part = |sign: char| sign.is_alphanumeric() || sign == '_';
    let key = looked_for.split(|sign: char| !is_part(sign)).find(|word| word.len() > 2)?.to_lowercase();
    let has_key = |line: &str| line.to_lowercase().split(|sign: char| !is_part(sign)).any(|word| word == key);
    let found: Vec<(usize, &str)> = content.lines().enumerate().filter(|(_, line)| has_key(line)).collect();
    let in_force = found.iter().find(|(_, line)| !line.trim_start().starts_with(['#', ';', '/']));
    let (at, line) = in_force.or(found.first())?;
    Some((at + 1, line.trim().chars().take(VALUE_MOST).collect()))
}

/// Why a command that ran changed nothing in a file: with the line that the file has in place of what is looked for, if that can be
/// said. `phrase` has what there is to say of the command.
pub fn nothing_to_edit(phrase: Phrase, run: &str, path: &str, content: &str) -> Phrase {
    let phrase = phrase.with("path", path);
    let wanted = looked_for(run);
    let found = wanted.as_deref().and_then(|wanted| in_its_place(wanted, content));
    let named = |id: &str| Phrase { id: id.to_owned(), ..phrase.clone() };
    match (wanted, found) {
        _ if content.is_empty() => named("unfit-fix-no-file"),
        (Some(wanted), Some((line, text))) => {
            named("unfit-nothing-to-edit-line").with("wanted", wanted).with("line", line).with("text", text)
        }
        (Some(wanted), None) => named("unfit-nothing-like-it").with("wanted", wanted),
        (None, _) => named("unfit-nothing-to-edit"),
    }
}

/// Whether a command says that it cannot write for want of room, or because nothing can be written there.
pub fn says_full(output: &str) -> bool {
    ["No space left on device", "Read-only file system", "Disk quota exceeded"].iter().any(|text| output.contains(text))
}

fn quoted<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let quote = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// The part of the script that tells NICs: name, state and MAC address.
const NICS: &str = r#"for nic in /sys/class/net/*; do
  [ -d "$nic" ] && [ "${nic##*/}" != lo ] || continue
  state=; mac=
  read -r state < "$nic/operstate"
  read -r mac < "$nic/address"
  say nic "${nic##*/} $state $mac"
done 2> /dev/null"#;

/// The script that looks, and changes nothing. It leans on nothing but the shell where it can: what it looks at may lack anything.
pub fn script(needs: &Needs) -> String {
    let Needs { tools, files, services, users, nics } = needs;
    let nics = if *nics { NICS } else { ":" };
    let (tools, files) = (quoted(tools), quoted(files));
    let (services, users) = (quoted(services), quoted(users));
    format!(
        r#"LC_ALL=C; export LC_ALL
say() {{ printf '%s\t%s\n' "$1" "$2"; }}
value() {{
  [ -f "$3" ] && [ -r "$3" ] || return 0
  left={LINES_MOST}
  while [ "$left" -gt 0 ] && {{ IFS= read -r line || [ -n "$line" ]; }}; do
    case $line in "$2="*) say "$1" "${{line#*=}}";; esac
    left=$((left - 1))
  done < "$3"
}}
for tool in {tools}; do command -v "$tool" > /dev/null 2>&1 || say no-tool "$tool"; done
for file in {files}; do [ -f "$file" ] || say no-file "$file"; done
for user in {users}; do
  found=
  while IFS=: read -r name rest; do [ "$name" = "$user" ] && found=1; done < /etc/passwd
  [ -n "$found" ] || say no-user "$user"
done 2> /dev/null
for service in {services}; do
  found=
  for dir in {UNITS} /etc/init.d; do
    for name in "$service.service" "${{service%@*}}@.service" "$service"; do [ -f "$dir/$name" ] && found=1; done
    [ -n "$found" ] || for unit in "$dir"/*.service; do
      [ -f "$unit" ] && while read -r line; do case " ${{line#Alias=}} " in *" $service.service "*) found=1;; esac; done < "$unit"
    done
  done
  [ -n "$found" ] || say no-service "$service"
done 2> /dev/null
value os PRETTY_NAME /etc/os-release
for file in /etc/default/locale /etc/locale.conf; do value locale LANG $file; done
value keyboard XKBLAYOUT /etc/default/keyboard
value keyboard KEYMAP /etc/vconsole.conf
{nics}
{{
  say kernel "$(uname -r)"
  say clock "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  [ -L /etc/localtime ] && say timezone "$(readlink /etc/localtime)"
  df -Pk / | while read -r _ _ _ free _; do say free "$free"; done
  for pid in /proc/1; do read -r name < $pid/comm && say init "$name"; done
}} 2> /dev/null
say {WHOLE} yes"#
    )
}

/// The script that makes a copy usable, which nobody keeps: users that log in, and what tells `service` to ask `systemctl`.
pub fn script_for_copy(users: &[String]) -> String {
    let users = quoted(users);
    format!(
        r#"say() {{ printf '%s\t%s\n' "$1" "$2"; }}
id={ADDED_BEHIND}
for user in {users}; do
  id=$((id + 1)); found=
  while IFS=: read -r name rest; do [ "$name" = "$user" ] && found=1; done < /etc/passwd
  [ -n "$found" ] && continue
  echo "$user:x:$id:$id::/home/$user:/bin/sh" >> /etc/passwd && echo "$user:x:$id:" >> /etc/group || exit 1
  # "*" is no password, yet not the "!" of a locked account, which sshd turns away.
  if [ -f /etc/shadow ]; then echo "$user:*:19000:0:99999:7:::" >> /etc/shadow; fi
  mkdir -p "/home/$user" && chown "$id:$id" "/home/$user" || exit 1
  say added "$user"
done
# Where systemd itself is the first process, as in a virtual machine, its own `systemctl` works.
read -r first < /proc/1/comm
for dir in /lib/systemd/system /usr/lib/systemd/system /etc/systemd/system; do
  [ "$first" != systemd ] && [ -d "$dir" ] && mkdir -p /run/systemd/system && {{ [ ! -L /usr/bin/systemctl ] || rm -f /usr/bin/systemctl; }} && say units "$dir" && break
done
:"#
    )
}

/// What a script said, by its first words: each with what followed.
pub fn said(output: &str) -> BTreeMap<String, Vec<String>> {
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in output.lines().filter_map(|line| line.split_once('\t')) {
        // Whatever a file of the machine holds: a fact is a few plain words.
        let value = value.trim().trim_matches(['"', '\'']).chars().filter(|sign| !sign.is_control());
        said.entry(name.to_owned()).or_default().push(value.take(VALUE_MOST).collect());
    }
    said
}

/// Whether [`script`] came to its end.
pub fn is_whole(output: &str) -> bool {
    said(output).contains_key(WHOLE)
}

/// Reads what [`script`] said of an endpoint.
pub fn read(endpoint: &str, output: &str) -> Survey {
    let mut survey = Survey::default();
    for (name, values) in said(output) {
        let Some(last) = values.last().filter(|last| !last.is_empty()) else { continue };
        let lack = |id: &str, argument: &str| {
            let phrase = Phrase::new(id).with("endpoint", endpoint);
            phrase.with(argument, values.join(", "))
        };
        match name.as_str() {
            "no-tool" => survey.lacks.push(lack("unfit-no-tool", "tool")),
            "no-file" => survey.lacks.push(lack("unfit-no-file", "path")),
            "no-service" => survey.lacks.push(lack("unfit-no-service", "service")),
            // Added to the copy that students do not see: for a person to know, no reason against it.
            "no-user" => drop(survey.facts.insert("no_users".to_owned(), values.join(", "))),
            "free" => {
                let Ok(free) = last.parse::<u64>() else { continue };
                survey.facts.insert("free".to_owned(), format!("{} MiB", free >> 10));
                if free < FREE_LEAST {
                    survey.lacks.push(Phrase::new("unfit-no-space").with("endpoint", endpoint));
                }
            }
            // Of a container it is Saiten itself.
            "init" if last == "saiten" => {}
            "os" | "kernel" | "clock" | "timezone" | "init" => {
                survey.facts.insert(name, last.clone());
            }
            // Several files may say it, and not the same.
            "locale" | "keyboard" => drop(survey.facts.insert(name, listed(&values, values.len()))),
            "nic" => drop(survey.facts.insert("nics".to_owned(), listed(&values, NICS_MOST))),
            // Whatever else it says is not asked for.
            _ => {}
        }
    }
    survey
}

/// What is said of several, each once, up to a number, within the length of a fact.
fn listed(values: &[String], most: usize) -> String {
    let mut each: Vec<&str> = Vec::new();
    for value in values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()) {
        if !each.contains(&value) {
            each.push(value);
        }
    }
    let more = each.len().saturating_sub(most);
    each.truncate(most);
    let text: String = each.join(", ").chars().take(VALUE_MOST).collect();
    if more == 0 { text } else { format!("{text}, +{more}") }
}

#[cfg(test)]
mod tests;
