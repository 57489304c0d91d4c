//! What the engine's refusals mean, and the way out.

use bollard::errors::Error;

use crate::lab::LabError;

/// Words an error of the engine's client, with the way out where one is known.
pub fn explain(what: impl Into<String>, err: &Error) -> LabError {
    let chain = chain(err);
    let way_out = if chain.contains("Permission denied") {
        "; add yourself to the group `docker` (then log in again), or use sudo"
    } else if chain.contains("No such file or directory")
        || chain.contains("Connection refused")
        || chain.contains("SocketNotFound")
    {
        "; is Docker installed and running? try `systemctl start docker`, or set DOCKER_HOST"
    } else if chain.contains("too new") || chain.contains("too old") {
        "; the engine's API version does not fit, see `saiten doctor`"
    } else if chain.contains("no space left") {
        "; free some disk space, for example with `docker system prune`"
    } else {
        ""
    };
    LabError::backend(what, format!("{chain}{way_out}"))
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
