//! What the engine's refusals mean, and the way out.

use bollard::errors::Error;

use crate::lab::LabError;

/// Words an error of the engine's client, with the way out where one is known.
pub fn explain(what: impl Into<String>, err: &Error) -> LabError {
    let chain = chain(err);
    let way_out = way_out(&chain);
    LabError::backend(what, format!("{chain}{way_out}"))
}

/// The way out of what the engine or its socket says, where one is known; begins with `; `.
fn way_out(said: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["Permission denied", "permission denied"]) {
        "; add yourself to the group `docker` (then log in again), or use sudo"
    } else if says(&["No such file or directory", "Connection refused", "SocketNotFound"]) {
        "; is Docker installed and running? try `systemctl start docker`, or set DOCKER_HOST"
    } else if says(&["too new", "too old"]) {
        "; the engine's API version does not fit, see `saiten doctor`"
    } else if says(&["no space left"]) {
        "; free some disk space, for example with `docker system prune`"
    } else {
        ""
    }
}

/// The whole chain of an error on one line.
pub fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(err) = source {
        let next = err.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        source = err.source();
    }
    text
}

/// Whether the engine says that something does not exist.
pub fn is_missing(err: &Error) -> bool {
    status(err) == Some(404)
}

/// Whether the engine is already doing what was asked.
pub fn is_conflict(err: &Error) -> bool {
    status(err) == Some(409)
}

fn status(err: &Error) -> Option<u16> {
    match err {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_says_comes_with_a_way_out() {
        for (said, hint) in [
            ("error trying to connect: Permission denied (os error 13)", "group `docker`"),
            ("error trying to connect: Connection refused (os error 111)", "systemctl start docker"),
            ("client version 1.53 is too new. Maximum supported API version is 1.41", "saiten doctor"),
            ("write /var/lib: no space left on device", "docker system prune"),
        ] {
            assert!(way_out(said).contains(hint), "{said}");
        }
        assert_eq!(way_out("something else"), "");
    }
}
