//! The switch's clock and its timer: CLOCK_MONOTONIC in nanoseconds, woken by a timerfd at absolute times.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId as Clock, clock_gettime};

/// CLOCK_MONOTONIC in nanoseconds. All processes of one kernel read the same clock, unless in a time namespace.
pub fn now() -> u64 {
    read(Clock::CLOCK_MONOTONIC)
}

/// What has to be added to [`now`] to make it nanoseconds since 1970.
pub fn epoch_offset() -> u64 {
    let before = now();
    let wall = read(Clock::CLOCK_REALTIME);
    let after = now();
    wall.saturating_sub(before + (after - before) / 2)
}

/// Neither clock can fail on Linux, and neither is before its own zero.
fn read(clock: Clock) -> u64 {
    clock_gettime(clock).map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// A timer that becomes readable at a time of [`now`]. A timerfd has no slack, unlike the timeout of epoll.
pub struct Timer {
    fd: TimerFd,
    armed: Option<u64>,
}

impl Timer {
    /// A timer that is not armed.
    ///
    /// # Errors
    /// timerfd_create(2) fails.
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        Ok(Self { fd: TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?, armed: None })
    }

    /// Sets the time at which it fires; a time gone by fires at once.
    ///
    /// # Errors
    /// timerfd_settime(2) fails.
    pub fn arm(&mut self, at: u64) -> io::Result<()> {
        if self.armed != Some(at) {
            // Zero would disarm it.
            let time = TimeSpec::from(Duration::from_nanos(at.max(1)));
            self.fd.set(Expiration::OneShot(time), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
            self.armed = Some(at);
        }
        Ok(())
    }

    /// How long ago it should have fired, in nanoseconds, once per arming; `None` if its time has not come.
    pub fn late(&mut self, now: u64) -> Option<u64> {
        let late = now.checked_sub(self.armed?)?;
        self.armed = None;
        Some(late)
    }

    /// Takes its expiry out, so that it is not readable any more.
    pub fn clear(&self) {
        let _ = nix::unistd::read(&self.fd, &mut [0; 8]);
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_leads_to_the_wall_clock() {
        let wall = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        assert!((now() + epoch_offset()).abs_diff(wall) < 1_000_000_000);
    }

    #[test]
    fn lateness_is_told_once() {
        let mut timer = Timer::new().unwrap();
        let at = now();
        timer.arm(at).unwrap();
        assert_eq!(timer.late(at.saturating_sub(1)), None);
        assert_eq!(timer.late(at + 7), Some(7));
        assert_eq!(timer.late(at + 8), None);
    }
}
