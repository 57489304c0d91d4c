//! What an IKE message is a part of, by number and by name.

use std::fmt;

/// An exchange type; versions 1 and 2 number theirs apart (RFC 2408, section 3.1; RFC 7296, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exchange {
    /// Version 1, phase 1 in six messages: 2, "identity protection" (RFC 2409, section 5).
    Main,
    /// Version 1, phase 1 in three messages: 4 (RFC 2409, section 5).
    Aggressive,
    /// Version 1, a message without answer: 5 (RFC 2409, section 5.7).
    Notice,
    /// Version 1, configuration and XAUTH: 6 (draft-ietf-ipsec-isakmp-mode-cfg-05, section 3.1).
    Transaction,
    /// Version 1, phase 2: 32 (RFC 2409, section 5.5).
    Quick,
    /// Version 2, keys: 34 (RFC 7296, section 1.2).
    SaInit,
    /// Version 2, who is who, and the first tunnel: 35 (RFC 7296, section 1.2).
    Auth,
    /// Version 2, more tunnels, new keys: 36 (RFC 7296, section 1.3).
    CreateChild,
    /// Version 2, everything else, are you there? too: 37 (RFC 7296, section 1.4).
    Informational,
    /// Version 2, an association taken up again: 38 (RFC 5723, section 4.3).
    Resume,
    /// Version 2, between keys and identities: 43 (RFC 9242, section 3.1).
    Intermediate,
    /// Another number.
    Other(u8),
}

impl From<u8> for Exchange {
    fn from(number: u8) -> Self {
        match number {
            2 => Self::Main,
            4 => Self::Aggressive,
            5 => Self::Notice,
            6 => Self::Transaction,
            32 => Self::Quick,
            34 => Self::SaInit,
            35 => Self::Auth,
            36 => Self::CreateChild,
            37 => Self::Informational,
            38 => Self::Resume,
            43 => Self::Intermediate,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "Main",
            Self::Aggressive => "Aggressive",
            Self::Notice => "Informational",
            Self::Transaction => "Transaction",
            Self::Quick => "Quick",
            Self::SaInit => "IKE_SA_INIT",
            Self::Auth => "IKE_AUTH",
            Self::CreateChild => "CREATE_CHILD_SA",
            Self::Informational => "INFORMATIONAL",
            Self::Resume => "IKE_SESSION_RESUME",
            Self::Intermediate => "IKE_INTERMEDIATE",
            Self::Other(number) => return write!(f, "exchange {number}"),
        })
    }
}
