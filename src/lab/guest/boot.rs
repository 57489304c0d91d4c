//! A machine's boot, from its disk to an agent in it, and what keeps it from getting there.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use super::console::{self, Console};
use super::control::Control;
use super::enter::{self, Tries};
use super::signs::{Sign, sign};
use super::{Guest, Medium, Password, disk, login, net};
use crate::clean::one_line;
use crate::helper::message::{Content, FileSpec, NicSpec, Request, RunSpec};
use crate::lab::line::Line;
use crate::lab::wiring::Patience;
use crate::lab::{LabError, Note};
use crate::scenario::Endpoint;
use crate::wording::Phrase;

/// Where the endpoint has what belongs to its machine.
const DISK: &str = "/run/machine/disk";
const CONTROL: &str = "/run/machine/control";
const CONSOLES: [&str; 2] = ["/run/machine/serial", "/run/machine/console"];
const SEED: &str = "/run/machine/seed";
/// Where the agent's virtio port is.
pub const AGENT_PORT: &str = "/run/machine/agent";
/// Where the machine's second serial port is.
pub const AGENT_SERIAL: &str = "/run/machine/agent-serial";
const START: &str = "/usr/lib/saiten/start-machine";
/// QEMU's name of the machine's own network.
const OWN_NETWORK: &str = "own";

/// How long QEMU may take to start.
const START_MOST: Duration = Duration::from_secs(30);
/// How often consoles are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often the screen is looked at, which costs more.
const LOOK_AT_SCREEN: Duration = Duration::from_secs(5);
/// Longest line that is told while it boots, in characters.
const LINE_MOST: usize = 100;
/// A machine that began anew so often goes on so. Once is normal: some do so after their first boot.
const RESETS_MOST: u32 = 2;
/// Looks at the same menu before somebody presses Enter.
const MENU_LOOKS: u32 = 4;
/// How long a machine that asks for a login at its screen may take to ask at a console, too; then SSH is tried with the password.
const NO_CONSOLE: Duration = Duration::from_secs(10);
/// How long that may take until somebody is in.
const SCREEN_ONLY: Duration = Duration::from_secs(90);
/// A machine that shows no text at all may be one with a desktop.
const NO_TEXT: Duration = Duration::from_secs(120);

/// What a machine is booted for.
pub struct Place<'a> {
    /// The endpoint's helper.
    pub line: &'a Line,
    /// The endpoint's name.
    pub name: &'a str,
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// Its NICs, as the scenario has them.
    pub nics: Vec<NicSpec>,
    /// How patient its resolver is.
    pub patience: Patience,
    /// Hears how far it is.
    pub note: &'a Note<'a>,
}

/// Boots a machine in an endpoint's place, up to an agent in it. It is as it came, in a network of its own.
///
/// # Errors
/// [`LabError::Unfit`] where the disk is to blame, [`LabError::Lacking`] where something is missing that the user can give.
pub async fn boot(place: &Place<'_>, medium: &Medium) -> Result<Guest, LabError> {
    let Place { line, name, .. } = *place;
    let serving = disk::serve(line, Path::new(DISK), &medium.disk).await?;
    start(place, medium).await?;
    let control = Control::open(line, Path::new(CONTROL)).await?;
    let mut consoles = Vec::new();
    for path in CONSOLES {
        consoles.push(Console::open(line, Path::new(path)).await?);
    }
    let watch = Watch {
        name,
        medium,
        control: &control,
        consoles: &consoles,
        note: place.note,
        screen: RefCell::default(),
        told: RefCell::default(),
        tries: Tries::default(),
    };
    let clock = Instant::now();
    control.go().await?;
    let up = async {
        tokio::select! {
            up = watch.until_up() => up,
            up = enter::until_in(line, medium.login.as_ref(), &watch.tries, name) => up,
        }
    };
    let (at, booted) = match tokio::time::timeout(medium.limit, up).await {
        Ok(up) => (up?, clock.elapsed()),
        Err(_) => return Err(watch.late().await),
    };
    enter::forget(line).await?;
    let port = match at {
        Up::Started(port) => port,
        Up::Prompt { console, user, password } => {
            (place.note)("logging in");
            login::log_in(console, user, password, name).await?;
            login::start_agent(console, name).await?
        }
    };
    let (agent, carriers) = login::meet(line, port, name).await?;
    Ok(Guest {
        line: agent,
        consoles,
        booted,
        placed: net::Placed::default(),
        control,
        _serving: serving,
        _carriers: carriers,
    })
}

/// Starts QEMU; the machine waits until it is let go.
async fn start(place: &Place<'_>, medium: &Medium) -> Result<(), LabError> {
    let mut argv = vec![
        START.to_owned(),
        medium.disk.format.name().to_owned(),
        (medium.memory >> 20).to_string(),
        medium.bus.name().to_owned(),
        format!("own={}", medium.network.options()),
    ];
    if medium.login.is_none() {
        let file = |(name, text): (&str, String)| FileSpec {
            path: format!("{SEED}/{name}"),
            content: Content::Text(text),
            mode: 0o600,
        };
        place.line.quick(Request::Files(login::seed().map(file).into())).await?;
        argv.push(format!("seed={SEED}"));
    }
    for nic in &place.nics {
        argv.push(format!("{}={}", nic.interface, nic.mac.map(|byte| format!("{byte:02x}")).join(":")));
    }
    let ran = place.line.run(RunSpec::command(argv, START_MOST)).await?;
    if ran.status == 0 {
        return Ok(());
    }
    let said = console::excerpt(&format!("{}{}", ran.stdout, ran.stderr));
    Err(LabError::backend(format!("cannot start the machine of endpoint `{}`", place.name), said))
}

/// Takes a machine out of the network that was its own, puts its NICs on the lab's wires, and gives it the scenario's addresses.
///
/// # Errors
/// [`LabError::Unfit`]: it does not take them.
pub async fn move_in(guest: &mut Guest, place: &Place<'_>) -> Result<(), LabError> {
    (place.note)("setting addresses");
    guest.control.cut(OWN_NETWORK).await?;
    for number in 0..place.nics.len() {
        let up = ["ip", "link", "set", &format!("tap{number}"), "up"].map(str::to_owned).into();
        let ran = place.line.run(RunSpec::command(up, START_MOST)).await?;
        if ran.status != 0 {
            let what = format!("cannot put the machine of endpoint `{}` on its wires", place.name);
            return Err(LabError::backend(what, ran.stderr.trim()));
        }
    }
    guest.placed = net::place(&guest.line, place.name, place.endpoint, place.nics.clone(), place.patience).await?;
    Ok(())
}

/// How far a machine has come.
pub enum Up<'a> {
    /// A console asks who it is, and there is somebody to be.
    Prompt {
        /// The console.
        console: &'a Console,
        /// Who logs in.
        user: &'a str,
        /// The password.
        password: &'a Password,
    },
    /// The agent runs and can be reached there.
    Started(&'static str),
}

/// What is watched of a boot.
struct Watch<'a> {
    name: &'a str,
    medium: &'a Medium,
    control: &'a Control,
    consoles: &'a [Console],
    note: &'a Note<'a>,
    /// What its screen last showed.
    screen: RefCell<String>,
    /// The line that was last told of it.
    told: RefCell<String>,
    /// Those of logging in over SSH.
    tries: Tries,
}

impl<'a> Watch<'a> {
    fn phrase(&self, id: &str) -> Phrase {
        let phrase = Phrase::new(id).with("endpoint", self.name).with("file", &self.medium.disk.named);
        let phrase = phrase.with("bus", self.medium.bus.name()).with("reason", self.tries.last.borrow());
        match &self.medium.login {
            Some(login) => phrase.with("user", &login.user),
            None => phrase,
        }
    }

    /// A prompt at a console, if there is anything to log in with at one.
    fn prompt(&self, console: &'a Console) -> Option<Up<'a>> {
        let login = self.medium.login.as_ref()?;
        Some(Up::Prompt { console, user: &login.user, password: login.password.as_ref()? })
    }

    fn unfit(&self, id: &str, said: &str) -> LabError {
        LabError::Unfit(self.phrase(id).with("said", console::excerpt(said)))
    }

    async fn until_up(&self) -> Result<Up<'a>, LabError> {
        let began = Instant::now();
        let (mut screen_at, mut menu, mut asked_at) = (began, 0, None);
        let mut seen = CONSOLES.map(|_| 0);
        loop {
            tokio::time::sleep(LOOK).await;
            self.fate()?;
            for (console, seen) in self.consoles.iter().zip(&mut seen) {
                let count = console.count();
                if std::mem::replace(seen, count) == count {
                    continue;
                }
                let text = console.since(0);
                if let Some(port) = login::started(&text) {
                    return Ok(Up::Started(port));
                }
                match (sign(&text), self.prompt(console)) {
                    (Some(Sign::Login), Some(prompt)) => return Ok(prompt),
                    // Without a password, SSH and cloud-init have the time that the boot has.
                    (Some(sign), _) => self.stuck(&sign, &text)?,
                    (None, _) => {}
                }
            }
            if screen_at.elapsed() < LOOK_AT_SCREEN {
                continue;
            }
            screen_at = Instant::now();
            if began.elapsed() > NO_TEXT {
                self.tries.may_use_password.set(true);
            }
            self.poke().await?;
            let Ok(screen) = self.control.screen().await else { continue };
            if !screen.is_empty() {
                screen.clone_into(&mut self.screen.borrow_mut());
            }
            self.tell_progress(&screen);
            match sign(&screen) {
                Some(Sign::LoaderMenu) => {
                    menu += 1;
                    if menu % MENU_LOOKS == 0 {
                        self.control.press_enter().await?;
                    }
                }
                Some(Sign::Login) => {
                    let since = *asked_at.get_or_insert_with(Instant::now);
                    if since.elapsed() > NO_CONSOLE {
                        self.tries.may_use_password.set(true);
                    }
                    let has_another_way = self.medium.login.as_ref().is_none_or(|login| login.key.is_some());
                    if since.elapsed() > SCREEN_ONLY && !has_another_way {
                        return Err(LabError::Lacking(self.phrase("lacking-console")));
                    }
                }
                Some(sign) => self.stuck(&sign, &screen)?,
                None => {}
            }
        }
    }

    /// Lets consoles ask again that have asked, if the kernel has said something since.
    async fn poke(&self) -> Result<(), LabError> {
        for console in self.consoles {
            let text = console.since(0);
            if text.contains(" login: ") && sign(&text).is_none() {
                console.type_in("\n").await?;
            }
        }
        Ok(())
    }

    /// Tells how far it is, whenever it has said something new.
    fn tell_progress(&self, screen: &str) {
        let line = self.last_line(screen);
        if *self.told.borrow() != line {
            (self.note)(&format!("booting: {line}"));
            *self.told.borrow_mut() = line;
        }
    }

    /// The last line that it showed anywhere.
    fn last_line(&self, screen: &str) -> String {
        let texts = self.consoles.iter().map(|console| console.since(0)).filter(|text| !text.trim().is_empty());
        let text = texts.last().unwrap_or_else(|| screen.to_owned());
        let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        one_line(line, LINE_MOST)
    }

    fn fate(&self) -> Result<(), LabError> {
        let fate = self.control.fate();
        let last = || {
            let said = self.consoles.iter().map(|console| console.since(0)).max_by_key(String::len);
            said.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| self.screen.borrow().clone())
        };
        match () {
            () if fate.resets > RESETS_MOST => Err(self.unfit("unfit-boot-loop", &last())),
            () if fate.off => Err(self.unfit("unfit-power-off", &last())),
            () if fate.gone => {
                Err(LabError::backend(format!("the machine of endpoint `{}`", self.name), "QEMU has gone"))
            }
            () => Ok(()),
        }
    }

    /// A sign that there will be no login.
    fn stuck(&self, sign: &Sign, text: &str) -> Result<(), LabError> {
        match sign {
            Sign::Panic(line) => Err(self.unfit("unfit-panic", line)),
            Sign::Emergency(line) => Err(self.unfit("unfit-emergency", line)),
            Sign::NotBootable(line) => Err(self.unfit("unfit-not-bootable", line)),
            Sign::LoaderPrompt => Err(self.unfit("unfit-loader", text)),
            Sign::LoaderMenu | Sign::Login => Ok(()),
        }
    }

    /// A machine that did not get there in time.
    async fn late(&self) -> LabError {
        let asks = self.consoles.iter().any(|console| sign(&console.since(0)) == Some(Sign::Login));
        let screen = self.control.screen().await.unwrap_or_default();
        if asks || sign(&screen) == Some(Sign::Login) {
            let id = if self.medium.login.is_some() { "lacking-ssh" } else { "lacking-login" };
            return LabError::Lacking(self.phrase(id));
        }
        let said = self.consoles.iter().map(|console| console.since(0)).find(|text| !text.trim().is_empty());
        match self.unfit("unfit-boot-late", &said.unwrap_or(screen)) {
            LabError::Unfit(phrase) => LabError::Unfit(phrase.with("limit", self.medium.limit.as_secs())),
            other => other,
        }
    }
}
