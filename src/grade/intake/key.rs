//! Keys of students: names of directories and files that are harmless everywhere, and the same whoever else is in the class.

use std::collections::BTreeMap;

use icu_normalizer::DecomposingNormalizerBorrowed;
use sha2::{Digest, Sha256};

/// Longest key.
const MOST: usize = 64;
/// Hexadecimal digits of the hash, from what usually suffices to all of them.
const DIGITS: [usize; 4] = [8, 16, 32, 64];

/// A key for one name: itself in small letters where that is a key; otherwise what is left of it, and a hash.
pub fn slug(name: &str) -> String {
    let small = name.to_ascii_lowercase();
    let harmless = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ['.', '_', '-'].contains(&c);
    let begins = small.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    // A dot at the end is lost on Windows.
    match begins && small.chars().all(harmless) && small.len() <= MOST && !small.ends_with('.') {
        true => small,
        false => hashed(name, DIGITS[0]),
    }
}

/// Keys for the names of a class, in their order: all different where the names are, and each the same in whatever order.
pub fn keys(names: &[String]) -> Vec<String> {
    let mut digits = vec![0; names.len()];
    loop {
        let key = |at: usize| match digits[at] {
            0 => slug(&names[at]),
            more => hashed(&names[at], DIGITS[more - 1]),
        };
        let keys: Vec<String> = (0..names.len()).map(key).collect();
        let mut same: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, key) in keys.iter().enumerate() {
            same.entry(key).or_default().push(at);
        }
        let clash: Vec<usize> = same.into_values().filter(|all| all.len() > 1).flatten().collect();
        let clash: Vec<usize> = clash.into_iter().filter(|at| digits[*at] < DIGITS.len()).collect();
        if clash.is_empty() {
            return keys;
        }
        clash.into_iter().for_each(|at| digits[at] += 1);
    }
}

/// What is left of a name in ASCII, and that many digits of its hash.
fn hashed(name: &str, digits: usize) -> String {
    let hash: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut base = String::new();
    for c in DecomposingNormalizerBorrowed::new_nfkd().normalize(name).chars() {
        match c.to_ascii_lowercase() {
            // Marks that stood on the letter before.
            '\u{300}'..='\u{36f}' => {}
            c if c.is_ascii_alphanumeric() => base.push(c),
            c @ ('.' | '_') if !base.is_empty() => base.push(c),
            _ if base.is_empty() || base.ends_with('-') => {}
            _ => base.push('-'),
        }
    }
    base.truncate(MOST.saturating_sub(digits + 1));
    let base = base.trim_end_matches(['-', '.', '_']);
    match base {
        _ if digits >= MOST => hash,
        "" => format!("student-{}", &hash[..digits]),
        base => format!("{base}-{}", &hash[..digits]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn is_key(key: &str) -> bool {
        let harmless = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        (1..=MOST).contains(&key.len()) && key.chars().all(harmless) && !key.starts_with(['.', '-'])
    }

    #[test]
    fn what_is_a_key_stays_and_what_is_none_gets_a_hash() {
        assert_eq!(slug("s123456"), "s123456");
        assert_eq!(slug("S123456"), "s123456");
        assert!(slug("Renée O'Hara").starts_with("renee-o-hara-"));
        assert!(slug("山田太郎").starts_with("student-"));
        assert!(is_key(&slug("..")) && is_key(&slug("")) && is_key(&slug("../../etc/passwd")));
        // Whoever comes first, both get a hash; and a name that looks like the other's key is told apart as well.
        let names = ["Alice", "alice", &slug("a b"), "a b"].map(str::to_owned);
        let all = keys(&names);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 4, "{all:?}");
        assert!(all[0].starts_with("alice-") && all[1].starts_with("alice-"));
    }

    proptest! {
        #[test]
        fn keys_are_harmless_unique_and_stable(names in btree_set("(?s).{0,80}|[Aa][Bb]?|[a-z ]{1,4}", 1..40), turn in 0usize..40) {
            let mut names: Vec<String> = names.into_iter().collect();
            let first = keys(&names);
            prop_assert!(first.iter().all(|key| is_key(key)), "{:?}", first);
            prop_assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), names.len());
            let known: BTreeMap<String, String> = names.iter().cloned().zip(first).collect();
            let turn = turn % names.len();
            names.rotate_left(turn);
            for (name, key) in names.iter().zip(keys(&names)) {
                prop_assert_eq!(&known[name], &key);
            }
        }

        #[test]
        fn equal_names_end_all_the_same(names in vec("[ab ]{0,2}", 0..20)) {
            prop_assert!(keys(&names).iter().all(|key| is_key(key)));
        }
    }
}
