//! Kinds of work that must not overlap: making containers, taking latency samples, and bulk transfers, of which there is only one
//! at a time. Who comes later waits behind whoever waits already and could not go on beside it, so nobody starves.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

/// The kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Making or removing containers: it costs processor time.
    Create,
    /// Taking latency samples: processor time that others take shows in them.
    Sample,
    /// Moving as much as a link carries: it takes processor time, and any other such work takes it away.
    Bulk,
}

impl Work {
    /// Whether both may go on at once.
    fn goes_with(self, other: Self, crowded: bool) -> bool {
        (self == other || crowded) && self != Work::Bulk && other != Work::Bulk
    }
}

/// Lets work through that goes together.
#[derive(Default)]
pub struct Gate {
    state: RefCell<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    // Whether samples may be taken while machines are made: their readings then stand only where that cannot have shown.
    crowded: bool,
    inside: Vec<Work>,
    // In the order of their coming.
    waiting: BTreeMap<u64, Work>,
    next: u64,
}

impl State {
    fn may_enter(&self, ticket: u64, work: Work) -> bool {
        let mut before = self.inside.iter().chain(self.waiting.range(..ticket).map(|(_, work)| work));
        before.all(|other| work.goes_with(*other, self.crowded))
    }
}

impl Gate {
    /// A gate through which samples may be taken while machines are made.
    pub fn crowded() -> Self {
        Gate { state: RefCell::new(State { crowded: true, ..State::default() }), ..Gate::default() }
    }

    /// Waits until this kind of work may go on, and holds the gate until the pass is dropped.
    pub async fn enter(self: &Rc<Self>, work: Work) -> Pass {
        let waiting = Waiting::new(self.clone(), work);
        loop {
            let changed = self.changed.notified();
            if self.state.borrow().may_enter(waiting.ticket, work) {
                self.state.borrow_mut().inside.push(work);
                drop(waiting);
                return Pass { gate: self.clone(), work };
            }
            changed.await;
        }
    }
}

/// A place in the queue, given up also when its future is dropped.
struct Waiting {
    gate: Rc<Gate>,
    ticket: u64,
}

impl Waiting {
    fn new(gate: Rc<Gate>, work: Work) -> Self {
        let mut state = gate.state.borrow_mut();
        let ticket = state.next;
        state.next += 1;
        state.waiting.insert(ticket, work);
        drop(state);
        Waiting { gate, ticket }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.gate.state.borrow_mut().waiting.remove(&self.ticket);
        self.gate.changed.notify_waiters();
    }
}

/// Leave to work; dropping it lets others in.
pub struct Pass {
    gate: Rc<Gate>,
    work: Work,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.gate.state.borrow_mut();
        if let Some(at) = state.inside.iter().position(|work| *work == self.work) {
            state.inside.swap_remove(at);
        }
        drop(state);
        self.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::sleep;

    async fn work(gate: &Rc<Gate>, work: Work, name: &'static str, log: &Rc<RefCell<Vec<&'static str>>>) {
        let _pass = gate.enter(work).await;
        log.borrow_mut().push(name);
        sleep(Duration::from_millis(10)).await;
        log.borrow_mut().push(name);
    }

    #[tokio::test(start_paused = true)]
    async fn one_kind_overlaps_itself_and_never_the_other() {
        let (gate, log) = (Rc::new(Gate::default()), Rc::default());
        tokio::join!(
            work(&gate, Work::Create, "c1", &log),
            work(&gate, Work::Create, "c2", &log),
            work(&gate, Work::Sample, "s1", &log),
            work(&gate, Work::Sample, "s2", &log),
        );
        // Who of two that end in the same instant is first does not matter.
        let log = log.borrow();
        assert_eq!(log[..2], ["c1", "c2"]);
        assert!(log[..4].iter().all(|name| name.starts_with('c')), "{log:?}");
        assert!(log[4..].iter().all(|name| name.starts_with('s')), "{log:?}");
        assert_eq!(log[4..6], ["s1", "s2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn newcomers_do_not_starve_who_waits() {
        let (gate, log) = (Rc::new(Gate::default()), Rc::default());
        let late = async {
            sleep(Duration::from_millis(5)).await;
            work(&gate, Work::Create, "late", &log).await;
        };
        tokio::join!(work(&gate, Work::Create, "c", &log), work(&gate, Work::Sample, "s", &log), late);
        assert_eq!(*log.borrow(), ["c", "c", "s", "s", "late", "late"]);
    }

    #[tokio::test(start_paused = true)]
    async fn bulk_transfers_are_alone() {
        let (gate, log) = (Rc::new(Gate::default()), Rc::default());
        tokio::join!(
            work(&gate, Work::Sample, "s", &log),
            work(&gate, Work::Bulk, "b1", &log),
            work(&gate, Work::Bulk, "b2", &log),
            work(&gate, Work::Create, "c", &log),
            work(&gate, Work::Sample, "s2", &log),
        );
        assert_eq!(*log.borrow(), ["s", "s", "b1", "b1", "b2", "b2", "c", "c", "s2", "s2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_is_forgotten() {
        let gate = Rc::new(Gate::default());
        let pass = gate.enter(Work::Create).await;
        let gave_up = tokio::time::timeout(Duration::from_millis(1), gate.enter(Work::Sample)).await;
        assert!(gave_up.is_err());
        let _another = gate.enter(Work::Create).await;
        drop(pass);
    }
}
