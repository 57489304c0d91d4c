//! What a console's or a screen's text says of a machine's boot. Pure.

use std::sync::LazyLock;

use regex::Regex;

use crate::clean::one_line;

/// Longest line that is quoted.
const LINE_MOST: usize = 200;

/// Something that a machine shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// Asks who wants to log in.
    Login,
    /// The kernel has given up, with its words.
    Panic(String),
    /// Boots no further, and waits for somebody who repairs it.
    Emergency(String),
    /// There is nothing to boot from.
    NotBootable(String),
    /// A boot loader without anything to boot.
    LoaderPrompt,
    /// A boot loader's menu.
    LoaderMenu,
}

/// Last words of machines that boot no further.
const EMERGENCY: [&str; 6] = [
    "Give root password for maintenance",
    "Press Enter for maintenance",
    "(or press Control-D to continue)",
    "(initramfs)",
    "dracut:/#",
    "UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY",
];
const NOT_BOOTABLE: [&str; 6] = [
    "No bootable device",
    "not a bootable disk",
    "Operating System not found",
    "Missing operating system",
    "Boot failed: ",
    "Invalid partition table",
];

static LOGIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^\S+ login: ?\z").ok());

/// What the text says at its end, or has said on its way.
pub fn sign(text: &str) -> Option<Sign> {
    let line_with = |word: &str| {
        let line = text.lines().rev().find(|line| line.contains(word));
        line.map(|line| one_line(line, LINE_MOST))
    };
    if let Some(line) = line_with("Kernel panic - not syncing").or_else(|| line_with("end Kernel panic")) {
        return Some(Sign::Panic(line));
    }
    let end = text.trim_end_matches('\n');
    // What a shell says first begins alike.
    let greets = end.trim_end().ends_with("Last login:");
    if !greets && LOGIN.as_ref().is_some_and(|login| login.is_match(end)) {
        return Some(Sign::Login);
    }
    if let Some(line) = EMERGENCY.iter().find_map(|word| line_with(word)) {
        return Some(Sign::Emergency(line));
    }
    if let Some(line) = NOT_BOOTABLE.iter().find_map(|word| line_with(word)) {
        return Some(Sign::NotBootable(line));
    }
    let last = end.lines().last().unwrap_or_default().trim();
    if last == "grub>" || last == "grub rescue>" {
        return Some(Sign::LoaderPrompt);
    }
    (text.contains("GNU GRUB  version") || text.contains("automatic boot in")).then_some(Sign::LoaderMenu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_machines_show_is_understood() {
        let panic = "[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)";
        for (text, expected) in [
            ("Debian GNU/Linux 12 lab ttyS0\n\nlab login: ", Some(Sign::Login)),
            ("\nCentOS Linux 7 (Core)\nKernel 3.10\n\nlocalhost login:", Some(Sign::Login)),
            ("lab login: root\nPassword: ", None),
            ("Last login: ", None),
            (panic, Some(Sign::Panic(panic.to_owned()))),
            ("Booting from Hard Disk...\n", None),
            ("GRUB loading.\ngrub rescue> ", Some(Sign::LoaderPrompt)),
            ("         GNU GRUB  version 2.06\n Debian\n", Some(Sign::LoaderMenu)),
            ("No bootable device.", Some(Sign::NotBootable("No bootable device.".to_owned()))),
            ("x\n(initramfs) ", Some(Sign::Emergency("(initramfs) ".trim().to_owned()))),
            ("", None),
        ] {
            assert_eq!(sign(text), expected, "{text:?}");
        }
    }
}
