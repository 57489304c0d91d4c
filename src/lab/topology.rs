//! A lab: a scenario's switch and endpoints, up and wired, spoken to through their helpers.

mod machines;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::sync::Semaphore;

use super::capture::{Captures, Moment};
use super::guest::{Guest, Medium};
use super::line::{Line, random};
use super::live::{Identity, Live};
use super::relay::Relay;
use super::shell::Shell;
use super::wiring::Patience;
use super::{Backend, LabError, Machine, MachineSpec, readiness, spec, wiring};
use crate::evidence::Trust;
use crate::evidence::bundle::hex;
use crate::fabric::config::SwitchConfig;
use crate::fabric::counters::Counters;
use crate::helper::message::{Answer, NicSpec, Request, RunSpec, WireRequest};
use crate::scenario::{Endpoint, Scenario};

/// How often it is looked whether all of a lab is still there.
const LOOK_AROUND: Duration = Duration::from_millis(200);
/// Lines of a log that an error shows.
const LAST_LINES: usize = 12;

/// What a lab is brought up with.
pub struct Plan<'a> {
    /// Who runs the machines.
    pub backend: &'a dyn Backend,
    /// What the lab is made of.
    pub scenario: &'a Scenario,
    /// Image reference of each endpoint.
    pub images: &'a BTreeMap<String, String>,
    /// Live machines that take endpoints' places, by endpoint.
    pub live: BTreeMap<String, Live>,
    /// The key that live machines are logged into with.
    pub identity: Option<Identity>,
    /// Shells of machines in endpoints' places, by endpoint, where lines are run there and not by its helper.
    pub shells: BTreeMap<String, Rc<dyn Shell>>,
    /// Virtual machines that take endpoints' places, by endpoint.
    pub media: BTreeMap<String, Rc<Medium>>,
    /// Prefix of the machines' names, unique within the run.
    pub prefix: String,
    /// Whether resolvers keep the distribution's time-outs.
    pub realtime: bool,
    /// Directory for the captures.
    pub captures: &'a Path,
    /// How many machines may be created at once; creating costs processor time.
    pub creating: &'a Semaphore,
}

/// A machine with its helper.
struct Member {
    machine: Rc<dyn Machine>,
    line: Line,
    /// The virtual machine in its place, once that is up.
    guest: OnceCell<Guest>,
}

impl Member {
    /// Who is spoken to: the agent of a virtual machine that has its place, or the helper.
    fn spoken_to(&self) -> &Line {
        self.guest.get().map_or(&self.line, Guest::line)
    }
}

/// A lab that is up.
pub struct Lab {
    scenario: Scenario,
    realtime: bool,
    machines: RefCell<Vec<Rc<dyn Machine>>>,
    members: BTreeMap<String, Member>,
    switch: Option<Member>,
    captures: Rc<RefCell<Captures>>,
    turns: RefCell<BTreeMap<String, usize>>,
    live: BTreeMap<String, Live>,
    identity: Option<Identity>,
    pub(super) shells: BTreeMap<String, Rc<dyn Shell>>,
    relays: Vec<Relay>,
    media: BTreeMap<String, Rc<Medium>>,
    nics: RefCell<BTreeMap<String, Vec<NicSpec>>>,
}

impl Lab {
    /// Brings switch and endpoints up, wires them and seals the switch. Whatever fails, nothing of the lab is left.
    ///
    /// # Errors
    /// What the backend or a helper says.
    pub async fn up(plan: &Plan<'_>) -> Result<Self, LabError> {
        let captures = Captures::in_dir(plan.captures).map_err(|source| LabError::Own {
            what: format!("cannot write captures to {}", plan.captures.display()),
            source,
        })?;
        let mut lab = Lab {
            scenario: plan.scenario.clone(),
            realtime: plan.realtime,
            machines: RefCell::default(),
            members: BTreeMap::new(),
            switch: None,
            captures: Rc::new(RefCell::new(captures)),
            turns: RefCell::default(),
            live: plan.live.clone(),
            identity: plan.identity.clone(),
            shells: plan.shells.clone(),
            relays: Vec::new(),
            media: plan.media.clone(),
            nics: RefCell::default(),
        };
        match lab.wire_up(plan).await {
            Ok(()) => Ok(lab),
            Err(err) => {
                // The first error is the one to tell; `saiten sweep` finds what this one may leave.
                let _ = lab.down().await;
                Err(err)
            }
        }
    }

    async fn wire_up(&mut self, plan: &Plan<'_>) -> Result<(), LabError> {
        let mut tokens = Vec::new();
        for _ in plan.scenario.endpoints.values().flat_map(|endpoint| &endpoint.nics) {
            tokens.push(hex(&random::<16>()?));
        }
        let config = wiring::switch_config(plan.scenario, || tokens.pop().unwrap_or_default());
        let switch = self.start(plan, "switch", &spec::switch(plan)).await?;
        let captures = self.captures.clone();
        switch.line.capture_into(Box::new(move |network, bytes| captures.borrow_mut().add(network, bytes)));
        switch.line.quick(Request::Switch(config.clone())).await?;
        let switch_id = switch.machine.id().to_owned();
        self.switch = Some(switch);

        let this = &*self;
        let started = plan.scenario.endpoints.iter().map(|(name, endpoint)| {
            let spec = spec::endpoint(plan, name, endpoint, &switch_id);
            async move { Ok::<_, LabError>((name.clone(), this.start(plan, name, &spec).await?)) }
        });
        // All are waited for, also behind a failure: a machine that is being started must be known to be removed.
        let started = join_all(started).await;
        self.members = started.into_iter().collect::<Result<_, _>>()?;
        self.plug_in(&config).await?;
        for (name, live) in &self.live {
            let endpoint = &self.scenario.endpoints[name];
            let addresses: Vec<_> = endpoint.nics.iter().flat_map(|nic| nic.addresses.iter().copied()).collect();
            self.relays.push(Relay::open(self.line(name)?, &addresses, live).await?);
        }
        Ok(())
    }

    async fn start(&self, plan: &Plan<'_>, name: &str, spec: &MachineSpec) -> Result<Member, LabError> {
        let _permit = plan.creating.acquire().await.map_err(|_| LabError::Interrupted)?;
        let machine: Rc<dyn Machine> = Rc::from(plan.backend.start(spec).await?);
        self.machines.borrow_mut().push(machine.clone());
        let streams = machine.streams().ok_or_else(|| LabError::backend(name, "its streams are taken"))?;
        let words = machine.clone();
        let line = Line::open(name, streams, Box::new(move || words.last_words())).await?;
        Ok(Member { machine, line, guest: OnceCell::new() })
    }

    /// Makes all NICs, then closes the switch: whatever an endpoint does later, no further NIC can join.
    async fn plug_in(&self, config: &SwitchConfig) -> Result<(), LabError> {
        let plugged = self.members.iter().map(|(name, member)| {
            let mut nics = wiring::nics(&self.scenario, name, config);
            let mut gateways = self.scenario.endpoints[name].gateways.clone();
            if self.media.contains_key(name) {
                self.nics.borrow_mut().insert(name.clone(), nics.clone());
                gateways.clear();
                nics.iter_mut().for_each(wiring::behind);
            }
            member.line.quick(Request::Nics { nics, gateways })
        });
        try_join_all(plugged).await?;
        self.wire(WireRequest::Seal).await?;
        let taken = |name: &String| self.live.contains_key(name) || self.media.contains_key(name);
        let own = self.members.iter().filter(|(name, _)| !taken(name));
        let written = own.map(|(name, member)| {
            let files = wiring::files(name, &self.scenario.endpoints[name], self.patience());
            member.line.quick(Request::Files(files))
        });
        try_join_all(written).await.map(drop)
    }

    /// The scenario of this lab.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// How patient its resolvers are.
    pub fn patience(&self) -> Patience {
        match () {
            () if self.realtime => Patience::Real,
            () if !self.media.is_empty() => Patience::Emulated,
            () => Patience::Compressed,
        }
    }

    /// The live machine in an endpoint's place.
    pub fn live(&self, endpoint: &str) -> Option<&Live> {
        self.live.get(endpoint)
    }

    /// The key that live machines are logged into with.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The captures of this lab.
    pub fn captures(&self) -> &RefCell<Captures> {
        &self.captures
    }

    /// How often this was asked for the same thing in this lab before: for what is to be done once, or in turns.
    pub fn turn(&self, what: &str) -> usize {
        let mut turns = self.turns.borrow_mut();
        let turn = turns.entry(what.to_owned()).or_default();
        *turn += 1;
        *turn - 1
    }

    /// The conversation with an endpoint's helper.
    ///
    /// # Errors
    /// An endpoint that this lab does not have.
    pub fn line(&self, endpoint: &str) -> Result<&Line, LabError> {
        self.members.get(endpoint).map(Member::spoken_to).ok_or_else(|| {
            let known: Vec<&str> = self.members.keys().map(String::as_str).collect();
            LabError::backend(format!("no endpoint `{endpoint}`"), format!("this lab has {}", known.join(", ")))
        })
    }

    /// Names of the endpoints.
    pub fn endpoints(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// Starts the endpoints' daemons and waits until each is ready.
    ///
    /// # Errors
    /// A start line that failed, or an endpoint that did not get ready: with the last lines of its logs.
    pub async fn ready(&self, limit: Duration) -> Result<(), LabError> {
        let own = self.scenario.endpoints.iter().filter(|(name, _)| !self.live.contains_key(*name));
        let readied = own.map(|(name, endpoint)| self.make_ready(name, endpoint, limit));
        try_join_all(readied).await.map(drop)
    }

    async fn make_ready(&self, name: &str, endpoint: &Endpoint, limit: Duration) -> Result<(), LabError> {
        if let Some(start) = &endpoint.start {
            let ran = self.run(name, start, limit).await?;
            if ran.status != 0 {
                let output = format!("{}{}{}", ran.stdout, ran.stderr, self.last_logs(name).await);
                return Err(LabError::Command {
                    action: "start".to_owned(),
                    endpoint: name.to_owned(),
                    run: start.clone(),
                    status: ran.status,
                    output: last_lines(&output),
                });
            }
        }
        let Some(ready) = &endpoint.ready else { return Ok(()) };
        let spec = RunSpec { limit_ms: milliseconds(limit) + 500, ..readiness::command(ready, endpoint, limit) };
        let ran = self.line(name)?.run(spec).await?;
        if ran.status == 0 {
            return Ok(());
        }
        let said = format!("{}{}{}", ran.stdout, ran.stderr, self.last_logs(name).await);
        Err(LabError::TimedOut {
            what: format!("endpoint `{name}`: getting ready ({})", readiness::show(ready)),
            limit,
            last: format!("\n{}", last_lines(&said)),
        })
    }

    /// The last lines of an endpoint's logs, each log under its name; for errors.
    pub async fn last_logs(&self, name: &str) -> String {
        let mut text = String::new();
        for path in self.scenario.endpoints.get(name).iter().flat_map(|endpoint| &endpoint.logs) {
            if let Ok(log) = self.tail(name, path, 16 << 10).await {
                text = format!("{text}\n--- {path}\n{}", last_lines(&log));
            }
        }
        text
    }

    /// Asks the switch.
    ///
    /// # Errors
    /// A switch that has ended or does not answer.
    pub async fn wire(&self, request: WireRequest) -> Result<Answer, LabError> {
        let Some(switch) = &self.switch else { return Err(LabError::backend("the switch", "is not up")) };
        switch.line.quick(Request::Wire(request)).await
    }

    /// All of the switch's counters.
    ///
    /// # Errors
    /// As [`Lab::wire`].
    pub async fn counters(&self) -> Result<Counters, LabError> {
        match self.wire(WireRequest::Counters).await? {
            Answer::Counters(counters) => Ok(*counters),
            _ => Ok(Counters::default()),
        }
    }

    /// Waits until every frame that the switch has captured so far is in [`Lab::captures`]; gives that moment.
    ///
    /// # Errors
    /// As [`Lab::wire`], or captures that do not arrive.
    pub async fn sync(&self) -> Result<Moment, LabError> {
        let Answer::Synced { captured, counters, epoch_offset_ns, monotonic_ns } = self.wire(WireRequest::Sync).await?
        else {
            return Ok(Moment::default());
        };
        self.captures.borrow_mut().set_epoch(epoch_offset_ns);
        let limit = Duration::from_secs(10);
        let arrived = async {
            while !self.captures.borrow().has(&captured) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(limit, arrived).await.map_err(|_| LabError::TimedOut {
            what: "the switch's capture".to_owned(),
            limit,
            last: String::new(),
        })?;
        Ok(Moment { at_ns: monotonic_ns, captured: captured.into_iter().collect(), counters: *counters })
    }

    /// Waits until an endpoint or the switch has ended, which none does by itself while the lab is up.
    pub async fn broken(&self) -> LabError {
        loop {
            let mut members = self.members.values().chain(&self.switch);
            if let Some(err) = members.find_map(|member| member.line.end().or_else(|| member.spoken_to().end())) {
                return err;
            }
            tokio::time::sleep(LOOK_AROUND).await;
        }
    }

    /// How far this lab's wires can be believed.
    ///
    /// # Errors
    /// A switch or endpoint that has ended.
    pub async fn trust(&self) -> Result<Trust, LabError> {
        let counters = self.counters().await?;
        let mut frames_lost = 0;
        for member in self.members.values() {
            if let Answer::NicLosses(losses) = member.line.quick(Request::NicLosses).await? {
                frames_lost += losses.iter().map(|(_, lost)| lost).sum::<u64>();
            }
        }
        let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
        Ok(Trust {
            late_max: seconds(counters.trust.late_max_ns),
            late_p99: seconds(counters.trust.late_p99_ns),
            frames_lost,
            records_lost: counters.trust.capture_lost,
            capture_full: counters.trust.capture_truncated > 0,
            load: super::host::load(),
        })
    }

    /// Ends the lab; when this returns, nothing of it is left.
    ///
    /// # Errors
    /// The first machine that could not be removed; the others are all the same.
    pub async fn down(&self) -> Result<(), LabError> {
        // The switch was the first to come up: it is the last to go.
        let machines: Vec<Rc<dyn Machine>> = self.machines.borrow().iter().rev().cloned().collect();
        let stopped = join_all(machines.iter().map(|machine| self.end(&**machine))).await;
        stopped.into_iter().collect()
    }

    async fn end(&self, machine: &dyn Machine) -> Result<(), LabError> {
        let _turn = machine.turn_to_end().await;
        let member = self.members.values().chain(&self.switch).find(|member| member.machine.id() == machine.id());
        if let Some(member) = member {
            member.line.bye();
        }
        machine.stop().await
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
