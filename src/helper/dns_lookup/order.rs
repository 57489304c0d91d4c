//! In which order Windows' two resolvers try names, as it is documented; emulated, never measured on a Windows. Pure.

/// nslookup.exe has a resolver of its own: it puts each suffix behind every name without a final dot, dots inside or not, before it
/// takes the name as it is (D. Stevens, ISC SANS diary, 2024-05-12).
pub fn nslookup_exe(name: &str, search: &[String]) -> Vec<String> {
    if let Some(absolute) = absolute(name) {
        return vec![absolute];
    }
    with_suffixes(name, search).chain([dotted(name)]).collect()
}

/// The DNS client takes a name with a dot as it is, and a name without with each suffix; without a suffix it does not ask DNS at all.
/// With `append`, the policy AppendToMultiLabelName of Windows Vista and later, names with dots get the suffixes afterwards.
pub fn windows_client(name: &str, search: &[String], append: bool) -> Vec<String> {
    if let Some(absolute) = absolute(name) {
        return vec![absolute];
    }
    match name.contains('.') {
        false => with_suffixes(name, search).collect(),
        true if append => std::iter::once(dotted(name)).chain(with_suffixes(name, search)).collect(),
        true => vec![dotted(name)],
    }
}

fn absolute(name: &str) -> Option<String> {
    name.ends_with('.').then(|| name.to_owned())
}

fn dotted(name: &str) -> String {
    format!("{name}.")
}

fn with_suffixes<'a>(name: &'a str, search: &'a [String]) -> impl Iterator<Item = String> + 'a {
    search.iter().map(move |suffix| format!("{name}.{}.", suffix.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nslookup_takes_no_name_for_whole_but_one_with_a_final_dot() {
        let own = ["sample.local".to_owned()];
        let asked = |name: &str| nslookup_exe(name, &own);
        assert_eq!(asked("www"), ["www.sample.local.", "www."]);
        assert_eq!(asked("www.sample.local"), ["www.sample.local.sample.local.", "www.sample.local."]);
        assert_eq!(asked("www.sample.local."), ["www.sample.local."]);
        assert_eq!(nslookup_exe("www", &[]), ["www."]);
    }

    #[test]
    fn the_dns_client_takes_a_dot_for_a_whole_name() {
        let own = ["sample.local".to_owned(), "example.com.".to_owned()];
        assert_eq!(windows_client("www", &own, false), ["www.sample.local.", "www.example.com."]);
        assert_eq!(windows_client("www", &[], false), Vec::<String>::new());
        assert_eq!(windows_client("www.sample.local", &own, false), ["www.sample.local."]);
        let appended = ["www.other.local.", "www.other.local.sample.local.", "www.other.local.example.com."];
        assert_eq!(windows_client("www.other.local", &own, true), appended);
        assert_eq!(windows_client("www.other.local.", &own, true), ["www.other.local."]);
    }
}
