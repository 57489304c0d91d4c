//! What changes the VM: the course's two lines, each believed only when the VM's state says so, and the way back.

use std::time::Duration;

use super::driver::{Arm, Back, Driver, Found, Notice, shown};
use super::parse::{Attachment, Nic};
use super::{Trouble, quoted};
use crate::evidence::{ActionRecord, Phase};
use crate::wording::Phrase;

/// How often the state is read after a change, and the pause between.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
/// How often putting back is tried, and the pause between.
const TRIES: u32 = 3;
const REST: Duration = Duration::from_secs(1);
/// The fix's name in reports.
pub const FIX: &str = "fix:recreate-attachment";
/// The name of what puts back.
const PUT_BACK: &str = "put-back";

impl Driver<'_> {
    /// The fix as the course prints it. The VM is named by its UUID: no name can be taken for an option or for another's.
    pub(super) async fn fix(&self, found: &Found, actions: &mut Vec<ActionRecord>) -> Result<(), Trouble> {
        for attachment in [Attachment::null(), Attachment::bridged(&found.adapter.name)] {
            if self.stop.is_cancelled() {
                return Err(Trouble::interrupted());
            }
            let args = online(found, &attachment);
            self.change(found, FIX, &args, actions).await?;
            self.verify(found, &args, &attachment, actions).await?;
        }
        Ok(())
    }

    async fn change(
        &self,
        found: &Found,
        action: &str,
        args: &[String],
        actions: &mut Vec<ActionRecord>,
    ) -> Result<(), Trouble> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = self.manage.call(&args).await?;
        let record = ActionRecord {
            action: action.to_owned(),
            endpoint: found.vm.name.clone(),
            run: self.manage.typed(&args),
            status: said.status,
            output: said.out + &said.err,
            took: said.took.as_secs_f64(),
        };
        (self.hear)(Notice::Acted(record.clone()));
        actions.push(record);
        Ok(())
    }

    /// Whether a change has taken. The exit status is no proof: a disabled NIC and an unknown adapter give 0.
    async fn verify(
        &self,
        found: &Found,
        args: &[String],
        wanted: &Attachment,
        actions: &[ActionRecord],
    ) -> Result<(), Trouble> {
        let mut is: Option<Nic> = None;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let nic = self.machine(&found.vm, found.number).await?.nic;
            if nic.attachment.is(wanted) {
                return Ok(());
            }
            is = Some(nic);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said = actions.last().map(|action| (action.status, action.output.trim().to_owned())).unwrap_or_default();
        let phrase = Phrase::new("virtualbox-not-taken")
            .with("command", self.manage.typed(&args))
            .with("vm", quoted(&found.vm.name))
            .with("nic", found.nic_word())
            .with("is", is.map(|nic| shown(&nic.attachment)).unwrap_or_default())
            .with("status", said.0)
            .with("said", quoted(&said.1));
        Err(Trouble::machine(phrase))
    }

    /// Attaches the NIC as it was found, whatever has happened to it. The user's wish to stop does not stop this.
    pub(super) async fn put_back(&self, found: &Found, arm: &mut Arm) -> Back {
        let wanted = &found.nic.attachment;
        let mut reason = Phrase::default();
        let mut args = online(found, wanted);
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(REST).await;
            }
            match self.machine(&found.vm, found.number).await {
                Ok(machine) if machine.nic.attachment.is(wanted) => {
                    return if attempt == 0 { Back::Same } else { Back::Done };
                }
                // A VM that was shut down meanwhile keeps its settings, and takes them by other words.
                Ok(machine) if machine.state != "running" => args = offline(found, wanted),
                // What cannot be read is put back all the same.
                Ok(_) | Err(_) => {}
            }
            if attempt == 0 {
                (self.hear)(Notice::Phase(true, Phase::Down));
            }
            let changed = self.change(found, PUT_BACK, &args, &mut arm.actions).await;
            let verified = match changed {
                Ok(()) => self.verify(found, &args, wanted, &arm.actions).await,
                Err(trouble) => Err(trouble),
            };
            match verified {
                Ok(()) => return Back::Done,
                Err(trouble) => reason = trouble.phrase,
            }
        }
        Back::Failed { command: self.typed(&args), reason }
    }

    fn typed(&self, args: &[String]) -> String {
        self.manage.typed(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// What puts the NIC back, to be typed should this program be killed.
    pub fn way_back(&self, found: &Found) -> String {
        self.typed(&online(found, &found.nic.attachment))
    }

    /// What attaches the NIC to the adapter, to be typed by who wants to keep that.
    pub fn way_on(&self, found: &Found) -> String {
        self.typed(&online(found, &Attachment::bridged(&found.adapter.name)))
    }

    /// What puts the cable in.
    pub fn plug(&self, found: &Found) -> String {
        self.manage.typed(&["controlvm", &found.vm.uuid, &format!("setlinkstate{}", found.number), "on"])
    }
}

/// The call for a VM that runs.
fn online(found: &Found, attachment: &Attachment) -> Vec<String> {
    let mut args = vec!["controlvm".to_owned(), found.vm.uuid.clone(), found.nic_word()];
    args.extend(attachment.arguments().unwrap_or_default().into_iter().map(str::to_owned));
    args
}

/// The call for one that does not.
fn offline(found: &Found, attachment: &Attachment) -> Vec<String> {
    let number = found.number;
    let mut args =
        vec!["modifyvm".to_owned(), found.vm.uuid.clone(), format!("--nic{number}"), attachment.word.clone()];
    let option = match attachment.word.as_str() {
        "bridged" => "bridgeadapter",
        "intnet" => "intnet",
        "hostonly" => "hostonlyadapter",
        "generic" => "nicgenericdrv",
        "natnetwork" => "nat-network",
        "hostonlynetwork" => "host-only-net",
        _ => return args,
    };
    args.push(format!("--{option}{number}"));
    args.extend(attachment.name.clone());
    args
}
