//! Into a machine over SSH, on a network in which nobody is but QEMU and the machine: there the machine has the address that it is used to,
//! or gets one if it asks for one, and no way out. It is gone before the machine gets its place in the lab.

use std::cell::{Cell, RefCell};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use super::boot::Up;
use super::{Login, Password, login};
use crate::clean::one_line;
use crate::helper::message::{Content, FileSpec, Ran, Request, RunSpec, SshEnter, SshEntered};
use crate::lab::LabError;
use crate::lab::line::Line;
use crate::lab::live::Identity;
use crate::wording::Phrase;

/// Where the endpoint forwards connections to the machine's SSH server from.
const FORWARDED: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 2222);
/// How long one step of a login may take on an emulated processor.
const STEP: Duration = Duration::from_secs(60);
/// Between two tries.
const AGAIN: Duration = Duration::from_secs(3);
/// How long a machine that boots may turn everybody away, as pam_nologin(8) does.
const REFUSES: Duration = Duration::from_secs(45);
/// Longest reason that is told, in characters.
const REASON_MOST: usize = 200;
/// Where secrets lie as long as somebody logs in.
const SECRETS: [&str; 2] = ["/run/machine/key", "/run/machine/password"];

/// The network that a machine believes to be in while it boots (QEMU: `-netdev user`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnNetwork {
    address: Ipv4Addr,
    prefix: u8,
}

/// What a machine gets that asks: as VirtualBox and QEMU have it.
impl Default for OwnNetwork {
    fn default() -> Self {
        OwnNetwork { address: Ipv4Addr::new(10, 0, 2, 15), prefix: 24 }
    }
}

impl OwnNetwork {
    /// The machine's own address, and the length of its network's prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let network = OwnNetwork { address: address.parse().ok()?, prefix: prefix.parse().ok()? };
        let is_host = (8..=28).contains(&network.prefix) && (1..network.size() - 1).contains(&network.host());
        is_host.then_some(network)
    }

    fn size(self) -> u32 {
        1 << (32 - self.prefix)
    }

    fn host(self) -> u32 {
        self.address.to_bits() & (self.size() - 1)
    }

    /// As QEMU's `-netdev user` takes it.
    pub(super) fn options(self) -> String {
        let net = self.address.to_bits() - self.host();
        // Addresses that the machine's own is not: of the gateway that leads nowhere, and of a resolver that is none.
        let mut others = (2..).filter(|number| *number != self.host()).map(|number| Ipv4Addr::from_bits(net + number));
        let (host, dns) = (others.next().unwrap_or(self.address), others.next().unwrap_or(self.address));
        let OwnNetwork { address, prefix } = self;
        format!(
            "net={}/{prefix},host={host},dns={dns},dhcpstart={address},restrict=on,ipv6=off,hostfwd=tcp:{FORWARDED}-{address}:22",
            Ipv4Addr::from_bits(net)
        )
    }
}

/// What is known of the tries so far.
#[derive(Debug, Default)]
pub struct Tries {
    /// Whether a password may be tried: a console of its own has not come, and each wrong try may be counted somewhere.
    pub may_use_password: Cell<bool>,
    /// What became of the last try.
    pub last: RefCell<String>,
}

/// Tries to log in until somebody is let in and the agent runs; its port. Never comes back where nobody has anything to log in with.
///
/// # Errors
/// [`LabError::Unfit`]: the machine turns the user away, or root's shell does not start the agent.
pub async fn until_in<'a>(line: &Line, who: Option<&Login>, tries: &Tries, endpoint: &str) -> Result<Up<'a>, LabError> {
    let Some(who) = who else { return std::future::pending().await };
    let mut refused_at = None;
    loop {
        tokio::time::sleep(AGAIN).await;
        if who.key.is_none() && !tries.may_use_password.get() {
            continue;
        }
        let unfit = |id: &str, reason: &str| {
            let phrase = Phrase::new(id).with("endpoint", endpoint).with("user", &who.user);
            LabError::Unfit(phrase.with("said", one_line(reason, REASON_MOST)))
        };
        match once(line, who).await? {
            SshEntered::Nobody(reason) => *tries.last.borrow_mut() = one_line(&reason, REASON_MOST),
            SshEntered::Refused(reason) => {
                let since = *refused_at.get_or_insert_with(Instant::now);
                *tries.last.borrow_mut() = one_line(&reason, REASON_MOST);
                if who.key.is_none() {
                    // Each further try might lock the account; a console may still come.
                    return std::future::pending().await;
                }
                if since.elapsed() > REFUSES {
                    return Err(unfit("unfit-ssh-login", &reason));
                }
            }
            SshEntered::NotRoot(reason) => return Err(unfit("unfit-not-root", &reason)),
            SshEntered::Ran(said) => {
                return login::started(&said).map(Up::Started).ok_or_else(|| unfit("unfit-agent", &said));
            }
        }
    }
}

/// One try. The secrets lie in the endpoint no longer than it takes, and only QEMU is there beside them.
async fn once(line: &Line, who: &Login) -> Result<SshEntered, LabError> {
    let texts = [who.key.as_ref().map(Identity::text), who.password.as_ref().map(Password::text)];
    let [key, password] = [0, 1].map(|which| texts[which].map(|_| SECRETS[which].to_owned()));
    let spec = |(path, text): (&str, Option<&str>)| {
        Some(FileSpec { path: path.to_owned(), content: Content::Text(text?.to_owned()), mode: 0o600 })
    };
    line.quick(Request::Files(SECRETS.into_iter().zip(texts).filter_map(spec).collect())).await?;
    let enter = SshEnter {
        server: FORWARDED,
        user: who.user.clone(),
        key,
        password,
        text: login::script(),
        limit_ms: u32::try_from(STEP.as_millis()).unwrap_or(u32::MAX),
    };
    let ran = line.run(RunSpec::duty("ssh-enter", &enter, STEP * 2)).await;
    forget(line).await?;
    let Ran { stdout, stderr, .. } = ran?;
    Ok(serde_json::from_str(&stdout).unwrap_or(SshEntered::Nobody(stderr)))
}

/// Removes the secrets, also those of a try that nobody waited for any more.
///
/// # Errors
/// An endpoint that does not answer.
pub async fn forget(line: &Line) -> Result<(), LabError> {
    let remove = [&["rm", "-f"], &SECRETS[..]].concat().into_iter().map(str::to_owned).collect();
    line.run(RunSpec::command(remove, STEP)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_own_address_is_nobody_elses() {
        let options = |text: &str| OwnNetwork::parse(text).map(OwnNetwork::options);
        assert_eq!(Some(OwnNetwork::default().options()), options("10.0.2.15/24"));
        let second = options("192.168.56.2/24").unwrap();
        assert!(second.starts_with("net=192.168.56.0/24,host=192.168.56.3,dns=192.168.56.4,dhcpstart=192.168.56.2,"));
        assert!(second.contains("restrict=on") && second.ends_with("hostfwd=tcp:127.0.0.1:2222-192.168.56.2:22"));
        for wrong in ["10.0.2.0/24", "10.0.2.255/24", "10.0.2.15", "10.0.2.15/30", "::1/64", "10.0.2.15/33", "x/24"] {
            assert_eq!(options(wrong), None, "{wrong}");
        }
    }
}
