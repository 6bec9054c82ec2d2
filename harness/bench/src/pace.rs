//! The time of a bench.
//!
//! On a bench both sides of a link are players of this process. So it is known when nothing is on its way between them
//! and both wait for a time; then that time is skipped, up to the earlier of the two. While anything is on its way, time
//! is that of the wall. A window of a minute costs nothing, and a machine, a reader or a guest that is slow is not taken
//! for a DUT that is silent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dmsc_link::{Capabilities, LastWords, Link, LinkError, Opening, Poster, Signal, StreamId, Time};

/// From when on a side that is still sending a command counts as one that waits for its answer: some links answer within
/// the sending.
const SENDING: Duration = Duration::from_millis(50);

/// After so long without a signal nothing is on its way any more: it was lost.
const LOST: Duration = Duration::from_secs(10);

/// A side of a bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The harness.
    Near,
    /// The reference DUT.
    Far,
}

/// The time of a bench, for both ends.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<Mutex<Core>>);

#[derive(Debug)]
struct Core {
    began: Instant,
    /// How far this time is ahead of the wall's.
    skipped: Duration,
    ends: [Side; 2],
    /// Acts of the operator that the far end was told of and has not done.
    acts: u64,
    /// When a signal was last sent or taken.
    moved: Instant,
}

/// What is known of an end.
#[derive(Debug)]
struct Side {
    doing: Doing,
    poster: Option<Poster>,
    /// Whether it has reset the card and not had the answer to reset.
    resetting: bool,
    /// Whether it has sent a command and not had the response.
    awaits: bool,
    /// Whether it has taken a command and not sent the response.
    owes: bool,
    sent: Passed,
    taken: Passed,
    /// Connections it asked for and knows nothing of yet.
    asking: BTreeSet<StreamId>,
}

#[derive(Clone, Copy, Debug)]
enum Doing {
    /// It may send at any moment.
    Work,
    /// It sends a command, since then.
    Send(Instant),
    /// It waits, at most until then.
    Wait(Time),
}

/// What an end has sent, or taken, beside its contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Passed {
    notifications: u64,
    connections: u64,
    octets: u64,
    closes: u64,
}

impl Default for Pace {
    fn default() -> Pace {
        let side = || Side {
            doing: Doing::Work,
            poster: None,
            resetting: false,
            awaits: false,
            owes: false,
            sent: Passed::default(),
            taken: Passed::default(),
            asking: BTreeSet::new(),
        };
        let now = Instant::now();
        Pace(Arc::new(Mutex::new(Core {
            began: now,
            skipped: Duration::ZERO,
            ends: [side(), side()],
            acts: 0,
            moved: now,
        })))
    }
}

impl Pace {
    fn core(&self) -> MutexGuard<'_, Core> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The far end is told to do an act.
    pub(crate) fn act_ordered(&self) {
        self.core().acts += 1;
    }

    /// The far end has done an act, or never will.
    pub(crate) fn act_done(&self) {
        let mut core = self.core();
        core.acts = core.acts.saturating_sub(1);
    }
}

impl Core {
    fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed() + self.skipped
    }

    fn side(&mut self, end: End) -> &mut Side {
        let [near, far] = &mut self.ends;
        match end {
            End::Near => near,
            End::Far => far,
        }
    }

    /// Whether nothing is on its way.
    fn is_quiet(&self) -> bool {
        // A command that a card has taken and does not answer is on its way no more.
        let heard = |from: &Side, to: &Side| from.awaits == to.owes && from.sent == to.taken;
        let settled = |side: &Side| !side.resetting && side.asking.is_empty();
        let [near, far] = &self.ends;
        self.acts == 0 && heard(near, far) && heard(far, near) && settled(near) && settled(far)
    }

    /// Skips the time that both ends wait for.
    fn skip(&mut self) {
        let [Some(near), Some(far)] = self.ends.each_ref().map(Side::due) else { return };
        let (now, next) = (self.now(), near.min(far));
        if next == Time::NEVER || next <= now || !(self.is_quiet() || self.moved.elapsed() >= LOST) {
            return;
        }
        self.skipped += next.since(now);
        // Each has to look at the time again.
        self.ends.iter().filter_map(|side| side.poster.as_ref()).for_each(Poster::wake);
    }
}

impl Side {
    /// Until when it waits; none if it does not.
    fn due(&self) -> Option<Time> {
        match self.doing {
            Doing::Work => None,
            Doing::Send(since) => (since.elapsed() >= SENDING).then_some(Time::NEVER),
            Doing::Wait(until) => Some(until),
        }
    }

    fn forget(&mut self) {
        (self.sent, self.taken) = (Passed::default(), Passed::default());
        (self.resetting, self.awaits, self.owes) = (false, false, false);
        self.asking.clear();
    }

    fn sends(&mut self, signal: &Signal) {
        self.sent.count(signal);
        match signal {
            // What crossed before is of no card session any more.
            Signal::PowerOn | Signal::Reset | Signal::PowerOff => {
                (self.resetting, self.awaits) = (*signal != Signal::PowerOff, false);
            }
            Signal::Command(_) => self.awaits = true,
            Signal::Response(_) => self.owes = false,
            Signal::Connect(id) => drop(self.asking.insert(*id)),
            _ => {}
        }
    }

    fn takes(&mut self, signal: &Signal) {
        self.taken.count(signal);
        match signal {
            Signal::PowerOn | Signal::Reset | Signal::PowerOff => self.owes = false,
            Signal::Command(_) => self.owes = true,
            // What a card still says to a command before a reset is an answer to nothing.
            Signal::Response(_) if self.resetting => {}
            Signal::Response(_) => self.awaits = false,
            Signal::Atr(_) => self.resetting = false,
            Signal::Unanswered { reset: true, .. } => self.resetting = false,
            Signal::Unanswered { .. } if self.resetting => {}
            Signal::Unanswered { .. } => self.awaits = false,
            Signal::Connected(id) => drop(self.asking.remove(id)),
            Signal::Refused(id, _) => {
                self.asking.remove(id);
                self.sent.connections = self.sent.connections.saturating_sub(1);
            }
            _ => {}
        }
    }
}

impl Passed {
    fn count(&mut self, signal: &Signal) {
        match signal {
            Signal::Notify(_) => self.notifications += 1,
            Signal::Connect(_) => self.connections += 1,
            Signal::Data(_, octets) => self.octets += octets.len() as u64,
            Signal::Close(_) => self.closes += 1,
            _ => {}
        }
    }
}

/// A link at an end of a bench.
pub(crate) struct Paced {
    link: Box<dyn Link>,
    pace: Pace,
    end: End,
    /// When the session began.
    began: Time,
}

impl Paced {
    pub(crate) fn new(link: Box<dyn Link>, pace: Pace, end: End) -> Paced {
        let mut core = pace.core();
        core.side(end).poster = link.poster();
        let began = core.now();
        drop(core);
        Paced { link, pace, end, began }
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        let mut core = self.pace.core();
        let side = core.side(self.end);
        (side.doing, side.poster) = (Doing::Work, None);
    }
}

impl Link for Paced {
    fn now(&self) -> Time {
        Time::ZERO + self.pace.core().now().since(self.began)
    }

    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.link.begin(opening)?;
        let mut core = self.pace.core();
        core.side(self.end).forget();
        core.acts = 0;
        self.began = core.now();
        Ok(())
    }

    fn poster(&self) -> Option<Poster> {
        self.link.poster()
    }

    fn last_words(&self) -> LastWords {
        self.link.last_words()
    }

    fn capabilities(&self) -> Capabilities {
        self.link.capabilities()
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        {
            let mut core = self.pace.core();
            core.moved = Instant::now();
            let side = core.side(self.end);
            // Ahead of the sending: the other end may take it before that is over.
            side.sends(&signal);
            if matches!(signal, Signal::Command(_)) {
                side.doing = Doing::Send(Instant::now());
            }
        }
        let sent = self.link.send(signal);
        self.pace.core().side(self.end).doing = Doing::Work;
        sent
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let limit = {
            let mut core = self.pace.core();
            let due = if until == Time::NEVER { until } else { self.began + until.since(Time::ZERO) };
            core.side(self.end).doing = Doing::Wait(due);
            core.skip();
            // Whoever waits looks again: at the other end when it may be done with its sending, and at what is lost.
            let sending = core.ends.iter().any(|side| matches!(side.doing, Doing::Send(_)));
            due.since(core.now()).min(if sending { SENDING } else { LOST })
        };
        let taken = self.link.recv(self.link.now() + limit);
        let mut core = self.pace.core();
        let side = core.side(self.end);
        side.doing = Doing::Work;
        if let Ok(Some(signal)) = &taken {
            side.takes(signal);
            core.moved = Instant::now();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::scope;

    use dmsc_link::Cable;

    use super::*;

    const WINDOW: Time = Time::from_micros(60_000_000);

    /// The near end of a bench, and what leads to the far one.
    fn bench() -> (Paced, Cable, Pace) {
        let (near, far, _) = Cable::pair();
        let pace = Pace::default();
        (Paced::new(Box::new(near), pace.clone(), End::Near), far, pace)
    }

    fn far_end(cable: Cable, pace: &Pace) -> Paced {
        Paced::new(Box::new(cable), pace.clone(), End::Far)
    }

    #[test]
    fn time_that_both_wait_for_is_skipped_to_the_earlier() {
        let (mut near, cable, pace) = bench();
        scope(|scope| {
            scope.spawn(|| {
                let mut far = far_end(cable, &pace);
                let until = Time::from_micros(20_000_000);
                while far.now() < until {
                    assert_eq!(far.recv(until).unwrap(), None);
                }
                // From now on the other end waits alone for its time.
                assert_eq!(far.recv(Time::NEVER).unwrap(), None);
            });
            while near.now() < WINDOW {
                assert_eq!(near.recv(WINDOW).unwrap(), None);
            }
        });
    }

    #[test]
    fn time_is_not_skipped_while_an_end_works() {
        let (mut near, cable, pace) = bench();
        let (order, ordered) = channel();
        scope(|scope| {
            scope.spawn(move || {
                let mut far = far_end(cable, &pace);
                assert_eq!(far.recv(Time::NEVER).unwrap(), Some(Signal::Command(vec![0x80])));
                // It works until the other end has looked three times.
                let () = ordered.recv().unwrap();
                far.send(Signal::Response(vec![0x90, 0x00])).unwrap();
            });
            near.send(Signal::Command(vec![0x80])).unwrap();
            for _ in 0..3 {
                assert_eq!(near.recv(near.now() + Duration::from_millis(1)).unwrap(), None);
            }
            order.send(()).unwrap();
            assert_eq!(near.recv(WINDOW).unwrap(), Some(Signal::Response(vec![0x90, 0x00])));
            assert!(near.now() < WINDOW);
        });
    }

    /// Whether time is skipped once both ends wait, after `passed` was sent, of which the far end took so many, and
    /// `back` came back.
    fn skips(passed: &[Signal], back: &[Signal], taken: usize) -> bool {
        let (mut near, cable, pace) = bench();
        let mut far = far_end(cable, &pace);
        passed.iter().for_each(|signal| near.send(signal.clone()).unwrap());
        (0..taken).for_each(|_| drop(far.recv(Time::NEVER).unwrap()));
        back.iter().for_each(|signal| far.send(signal.clone()).unwrap());
        back.iter().for_each(|_| drop(near.recv(Time::NEVER).unwrap()));
        let mut core = pace.core();
        core.ends.iter_mut().for_each(|side| side.doing = Doing::Wait(WINDOW));
        core.skip();
        core.skipped > Duration::ZERO
    }

    #[test]
    fn what_is_on_its_way_holds_the_time() {
        let command = || Signal::Command(vec![0x80]);
        let response = || Signal::Response(vec![0x90, 0x00]);
        assert!(skips(&[], &[], 0));
        // A command that nobody has taken, and one that is not answered.
        assert!(!skips(&[command()], &[], 0));
        assert!(skips(&[command()], &[], 1));
        assert!(skips(&[command()], &[response()], 1));
        // A reset that the card does not know of, one that is not answered, and one that cuts off a command.
        assert!(!skips(&[Signal::Reset], &[], 0));
        assert!(!skips(&[Signal::Reset], &[], 1));
        assert!(skips(&[Signal::Reset], &[Signal::Atr(vec![0x3B])], 1));
        assert!(!skips(&[command(), Signal::Reset], &[], 1));
        assert!(skips(&[command(), Signal::Reset], &[response(), Signal::Atr(vec![0x3B])], 2));
        // The link knows that no answer to a reset comes; one to a command that is given up may still be made.
        let unanswered = |reset| Signal::Unanswered { reset, why: String::new() };
        assert!(skips(&[Signal::Reset], &[unanswered(true)], 1));
        assert!(!skips(&[Signal::Reset], &[unanswered(false)], 1));
        assert!(!skips(&[command()], &[unanswered(false)], 1));
        assert!(skips(&[command()], &[unanswered(false), response()], 1));
        // Streams.
        assert!(!skips(&[Signal::Connect(1)], &[], 1));
        assert!(skips(&[Signal::Connect(1)], &[Signal::Connected(1)], 1));
        assert!(!skips(&[Signal::Connect(1), Signal::Data(1, vec![0; 3])], &[Signal::Connected(1)], 1));
        assert!(skips(&[Signal::Connect(1), Signal::Data(1, vec![0; 3])], &[Signal::Connected(1)], 2));
        assert!(!skips(&[Signal::Connect(1), Signal::Close(1)], &[Signal::Connected(1)], 1));
        assert!(skips(&[Signal::Connect(1)], &[Signal::Refused(1, "no".into())], 0));
    }

    #[test]
    fn an_act_that_is_not_done_holds_the_time() {
        let (_near, _far, pace) = bench();
        pace.act_ordered();
        let mut core = pace.core();
        core.ends.iter_mut().for_each(|side| side.doing = Doing::Wait(WINDOW));
        core.skip();
        assert_eq!(core.skipped, Duration::ZERO);
        drop(core);
        pace.act_done();
        pace.core().skip();
        assert!(pace.core().skipped > Duration::ZERO);
    }
}
