//! Names of images: `REPOSITORY:TAG`.

/// Longest name, in bytes: what Docker allows for the repository and for the tag.
const LENGTH_MOST: usize = 255 + 1 + 128;

/// Docker's short form of a name with a tag, `debian:12` for `docker.io/library/debian:12`; `None` when it is no such
/// name.
pub fn tagged(name: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte);
    let (repository, tag) = name.rsplit_once(':')?;
    let whole = !repository.is_empty() && !repository.starts_with(['/', ':', '-', '.']) && !repository.ends_with('/');
    let valid = name.len() <= LENGTH_MOST && name.bytes().all(allowed) && whole;
    // A colon before a slash belongs to a registry's port.
    if !valid || tag.is_empty() || tag.contains('/') || tag.starts_with(['.', '-']) {
        return None;
    }
    let short = name.strip_prefix("docker.io/").unwrap_or(name);
    Some(short.strip_prefix("library/").filter(|_| short != name).unwrap_or(short).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_form_that_docker_shows() {
        for (name, short) in [
            ("debian:12", "debian:12"),
            ("docker.io/library/debian:12", "debian:12"),
            ("docker.io/saiten/base:bookworm", "saiten/base:bookworm"),
            ("library/debian:12", "library/debian:12"),
            ("localhost:5000/a/b:c", "localhost:5000/a/b:c"),
        ] {
            assert_eq!(tagged(name).as_deref(), Some(short));
        }
    }

    #[test]
    fn what_is_no_name_with_a_tag_is_none() {
        for name in ["", "latest", ":12", "debian:", "localhost:5000/debian", "a b:c", "a:../b", "/a:b", "a/:b", "a:.b"]
        {
            assert_eq!(tagged(name), None, "{name}");
        }
        assert_eq!(tagged(&format!("{}:b", "a".repeat(400))), None);
    }
}
