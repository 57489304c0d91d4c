//! Two kinds of work that must not overlap: making containers, and taking latency samples. Any number of one kind may go on at
//! once; when the other kind waits, newcomers of the first wait behind it, so neither starves.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::Notify;

/// The kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Making or removing containers: it costs processor time.
    Create,
    /// Taking latency samples: processor time that others take shows in them.
    Sample,
}

impl Work {
    fn other(self) -> Self {
        match self {
            Work::Create => Work::Sample,
            Work::Sample => Work::Create,
        }
    }
}

/// Lets one kind of work through at a time.
#[derive(Default)]
pub struct Gate {
    state: RefCell<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    inside: [usize; 2],
    waiting: [usize; 2],
    // Whose turn it is when both kinds wait; the one that was let in last waits.
    last: Option<usize>,
}

impl State {
    fn may_enter(&self, work: Work) -> bool {
        let (own, other) = (work as usize, work.other() as usize);
        if self.inside[other] > 0 {
            return false;
        }
        self.waiting[other] == 0 || (self.inside[own] == 0 && self.last != Some(own))
    }
}

impl Gate {
    /// Waits until this kind of work may go on, and holds the gate until the pass is dropped.
    pub async fn enter(self: &Rc<Self>, work: Work) -> Pass {
        let own = work as usize;
        let waiting = Waiting::new(self.clone(), own);
        loop {
            let changed = self.changed.notified();
            if self.state.borrow().may_enter(work) {
                let mut state = self.state.borrow_mut();
                state.inside[own] += 1;
                state.last = Some(own);
                drop(state);
                drop(waiting);
                return Pass { gate: self.clone(), own };
            }
            changed.await;
        }
    }
}

/// Counts a waiter also when its future is dropped.
struct Waiting {
    gate: Rc<Gate>,
    own: usize,
}

impl Waiting {
    fn new(gate: Rc<Gate>, own: usize) -> Self {
        gate.state.borrow_mut().waiting[own] += 1;
        Waiting { gate, own }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.gate.state.borrow_mut().waiting[self.own] -= 1;
        self.gate.changed.notify_waiters();
    }
}

/// Leave to work; dropping it lets others in.
pub struct Pass {
    gate: Rc<Gate>,
    own: usize,
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.state.borrow_mut().inside[self.own] -= 1;
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
    async fn who_gives_up_waiting_is_forgotten() {
        let gate = Rc::new(Gate::default());
        let pass = gate.enter(Work::Create).await;
        let gave_up = tokio::time::timeout(Duration::from_millis(1), gate.enter(Work::Sample)).await;
        assert!(gave_up.is_err());
        let _another = gate.enter(Work::Create).await;
        drop(pass);
    }
}
