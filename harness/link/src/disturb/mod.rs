//! A link on which things go wrong as a schedule says.
//!
//! [`Disturbed`] stands before any other link. It counts what crosses and knows nothing of what the octets mean, so it
//! can lose, hold back and end, and never forge. It has no clock of its own: on a link with virtual time a disturbed
//! session is the same each time.

mod lane;
mod random;
mod schedule;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::{Capabilities, LastWords, Link, LinkError, Opening, Poster, Signal, StreamId, Time};
use lane::Lane;
pub use random::{Shape, Tally};
pub use schedule::{Disturbance, Mishap, Place, Schedule, Side};

/// How long the data of a stream wait for those that they are to arrive with.
const MERGE_WINDOW: Duration = Duration::from_millis(100);

/// A link that is disturbed.
pub struct Disturbed(Rc<RefCell<Core>>);

/// What is known of a disturbed link from outside: what crossed it, and what went wrong.
pub struct Ledger(Rc<RefCell<Core>>);

impl Disturbed {
    /// Disturbs `link` as `schedule` says. The ledger tells what came of it, and gives the link back.
    pub fn over(link: Box<dyn Link>, schedule: Schedule) -> (Disturbed, Ledger) {
        let core = Rc::new(RefCell::new(Core::new(link, schedule)));
        (Disturbed(Rc::clone(&core)), Ledger(core))
    }
}

impl Ledger {
    /// What has crossed the link since the session began. What was lost counts: it was sent.
    pub fn tally(&self) -> Tally {
        let core = self.0.borrow();
        let streams = core.streams.iter().map(|stream| stream.octets).collect();
        Tally { commands: core.commands, responses: core.responses, streams }
    }

    /// Each disturbance of the schedule, with the time at which it took place, if it did.
    pub fn outcome(&self) -> Vec<(Disturbance, Option<Time>)> {
        self.0.borrow().schedule.clone()
    }

    /// Gives the link back once nobody holds the disturbed one any more.
    pub fn release(self) -> Option<Box<dyn Link>> {
        Rc::try_unwrap(self.0).ok().map(|core| core.into_inner().link)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("tally", &self.tally()).field("outcome", &self.outcome()).finish()
    }
}

impl Link for Disturbed {
    fn now(&self) -> Time {
        self.0.borrow().link.now()
    }

    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.0.borrow_mut().begin(opening)
    }

    fn poster(&self) -> Option<Poster> {
        self.0.borrow().link.poster()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.borrow().link.capabilities()
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        let mut core = self.0.borrow_mut();
        core.cross(Side::Dut, signal);
        core.send_due()
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.0.borrow_mut().recv(until)
    }

    fn last_words(&self) -> LastWords {
        self.0.borrow().link.last_words()
    }
}

struct Core {
    link: Box<dyn Link>,
    schedule: Vec<(Disturbance, Option<Time>)>,
    commands: u64,
    responses: u64,
    streams: Vec<Stream>,
    to_dut: Lane,
    to_harness: Lane,
    /// A card that was reset in the middle of a command, by the side it is on: what it still says of that command is
    /// lost, up to its answer to reset.
    cut_off: Option<Side>,
}

struct Stream {
    id: StreamId,
    /// Octets so far: to the DUT, to the harness.
    octets: [u64; 2],
    /// Data that wait for those that come next, by direction.
    waiting: [Option<Waiting>; 2],
    cut: bool,
}

struct Waiting {
    octets: Vec<u8>,
    due: Time,
}

fn index(side: Side) -> usize {
    usize::from(side == Side::Harness)
}

impl Core {
    fn new(link: Box<dyn Link>, schedule: Schedule) -> Core {
        Core {
            link,
            schedule: schedule.0.into_iter().map(|one| (one, None)).collect(),
            commands: 0,
            responses: 0,
            streams: Vec::new(),
            to_dut: Lane::default(),
            to_harness: Lane::default(),
            cut_off: None,
        }
    }

    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.link.begin(opening)?;
        self.schedule.iter_mut().for_each(|(_, taken)| *taken = None);
        (self.commands, self.responses) = (0, 0);
        self.streams.clear();
        (self.to_dut, self.to_harness) = (Lane::default(), Lane::default());
        self.cut_off = None;
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        loop {
            self.send_due()?;
            let now = self.link.now();
            if let Some(signal) = self.to_harness.take(now) {
                return Ok(Some(signal));
            }
            let dues = [self.to_dut.due(), self.to_harness.due(), self.waiting_due()];
            let next = dues.into_iter().flatten().fold(until, Time::min);
            match self.link.recv(next)? {
                Some(signal) => self.cross(Side::Harness, signal),
                // The time came, or somebody woke the wait.
                None if next == until || self.link.now() < next => return Ok(None),
                None => {}
            }
        }
    }

    /// Sends what is due for the DUT, and puts on its way what has waited long enough.
    fn send_due(&mut self) -> Result<(), LinkError> {
        let now = self.link.now();
        for place in 0..self.streams.len() {
            for to in [Side::Dut, Side::Harness] {
                self.flush(place, to, Some(now));
            }
        }
        while let Some(signal) = self.to_dut.take(self.link.now()) {
            self.link.send(signal)?;
        }
        Ok(())
    }

    fn lane(&mut self, to: Side) -> &mut Lane {
        match to {
            Side::Dut => &mut self.to_dut,
            Side::Harness => &mut self.to_harness,
        }
    }

    fn pass(&mut self, to: Side, signal: Signal) {
        let now = self.link.now();
        self.lane(to).put(now, signal);
    }

    fn hold(&mut self, to: Side, by: Duration) {
        let until = self.link.now() + by;
        self.lane(to).hold(until);
    }

    /// The mishap for which the schedule names this place, which it is now used up for.
    fn mishap(&mut self, at: Place) -> Option<Mishap> {
        let now = self.link.now();
        let (found, taken) = self.schedule.iter_mut().find(|(one, taken)| one.at == at && taken.is_none())?;
        *taken = Some(now);
        Some(found.mishap)
    }

    fn cross(&mut self, to: Side, signal: Signal) {
        match signal {
            Signal::PowerOn | Signal::Reset | Signal::PowerOff => {
                // Nothing of the card session outlives it.
                self.cut_off = None;
                self.to_dut.forget_contact();
                self.to_harness.forget_contact();
                self.pass(to, signal);
            }
            Signal::Command(_) => self.command(to, signal),
            Signal::Response(_) => self.response(to, signal),
            Signal::Atr(_) => {
                let lost = self.cut_off.take() == Some(Side::Harness) && to == Side::Dut;
                if !lost {
                    self.pass(to, signal);
                }
            }
            Signal::Connect(id) => {
                self.streams.push(Stream { id, octets: [0; 2], waiting: [None, None], cut: false });
                self.pass(to, signal);
            }
            Signal::Data(id, octets) => match self.stream(id) {
                Some((_, stream)) if stream.cut => {}
                Some((place, _)) => self.data(place, to, octets),
                None => self.pass(to, Signal::Data(id, octets)),
            },
            Signal::Connected(id) | Signal::Refused(id, _) | Signal::Close(id) => match self.stream(id) {
                Some((_, stream)) if stream.cut => {}
                Some((place, _)) => {
                    self.flush(place, to, None);
                    self.pass(to, signal);
                }
                None => self.pass(to, signal),
            },
            Signal::Unanswered { .. }
            | Signal::Notify(_)
            | Signal::Notified
            | Signal::Wake
            | Signal::Act(_)
            | Signal::Sms(_)
            | Signal::Ended(_) => self.pass(to, signal),
        }
    }

    fn command(&mut self, to: Side, signal: Signal) {
        self.commands = self.commands.saturating_add(1);
        match self.mishap(Place::Command(self.commands)) {
            Some(Mishap::Drop) => {}
            Some(Mishap::Reset) => {
                self.pass(to, signal);
                self.pass(to, Signal::Reset);
                self.cut_off = Some(to);
            }
            Some(Mishap::Delay(by)) => {
                self.hold(to, by);
                self.pass(to, signal);
            }
            Some(Mishap::Stall(by)) => {
                self.hold(Side::Dut, by);
                self.hold(Side::Harness, by);
                self.pass(to, signal);
            }
            _ => self.pass(to, signal),
        }
    }

    fn response(&mut self, to: Side, signal: Signal) {
        if self.cut_off.is_some() {
            return;
        }
        self.responses = self.responses.saturating_add(1);
        match self.mishap(Place::Response(self.responses)) {
            Some(Mishap::Drop) => {}
            Some(Mishap::Delay(by)) => {
                self.hold(to, by);
                self.pass(to, signal);
            }
            _ => self.pass(to, signal),
        }
    }

    fn stream(&self, id: StreamId) -> Option<(usize, &Stream)> {
        self.streams.iter().enumerate().rfind(|(_, stream)| stream.id == id)
    }

    /// Data of a stream, in which several places may lie.
    fn data(&mut self, place: usize, to: Side, octets: Vec<u8>) {
        let mut rest = octets;
        let mut merge = false;
        loop {
            let start = self.streams.get(place).map_or(0, |stream| stream.octets[index(to)]);
            let Some((behind, mishap)) = self.next_mishap(place, to, start, rest.len() as u64) else {
                return self.deliver(place, to, rest, merge);
            };
            let length = usize::try_from(behind.saturating_sub(start)).unwrap_or(rest.len()).min(rest.len());
            match mishap {
                Mishap::Split => {
                    let tail = rest.split_off(length);
                    self.deliver(place, to, std::mem::replace(&mut rest, tail), merge);
                    merge = false;
                    if rest.is_empty() {
                        return;
                    }
                }
                Mishap::Cut => {
                    rest.truncate(length);
                    self.deliver(place, to, rest, false);
                    return self.cut(place);
                }
                Mishap::Delay(by) => self.hold(to, by),
                _ => merge = true,
            }
        }
    }

    /// The first mishap that the schedule has for these octets of a stream, and its place.
    fn next_mishap(&mut self, place: usize, to: Side, start: u64, length: u64) -> Option<(u64, Mishap)> {
        let ours = (place as u64).saturating_add(1);
        let end = start.saturating_add(length);
        let now = self.link.now();
        let lies_here = |one: &Disturbance| match (one.at, one.mishap) {
            (Place::Stream { number, to: side, behind }, mishap) if number == ours && side == to => {
                // A border may lie behind the last octet; data that something happens to do not.
                let is_border = matches!(mishap, Mishap::Split | Mishap::Cut);
                (start <= behind && (behind < end || (is_border && behind == end))).then_some(behind)
            }
            _ => None,
        };
        let open = self.schedule.iter_mut().filter(|(_, taken)| taken.is_none());
        let here = open.filter_map(|(one, taken)| Some((lies_here(one)?, one.mishap, taken)));
        let (behind, mishap, taken) = here.min_by_key(|(behind, ..)| *behind)?;
        *taken = Some(now);
        Some((behind, mishap))
    }

    /// Puts a piece of a stream on its way, after the one that waits for it.
    fn deliver(&mut self, place: usize, to: Side, octets: Vec<u8>, merge: bool) {
        let due = self.link.now() + MERGE_WINDOW;
        let Some(stream) = self.streams.get_mut(place) else { return };
        let count = &mut stream.octets[index(to)];
        *count = count.saturating_add(octets.len() as u64);
        let whole = match stream.waiting[index(to)].take() {
            Some(waiting) => [waiting.octets, octets].concat(),
            None if merge => {
                stream.waiting[index(to)] = Some(Waiting { octets, due });
                return;
            }
            None => octets,
        };
        let id = stream.id;
        if !whole.is_empty() {
            self.pass(to, Signal::Data(id, whole));
        }
    }

    /// Puts on its way what waited for more data: what has waited until `now`, or all of it.
    fn flush(&mut self, place: usize, to: Side, now: Option<Time>) {
        let Some(stream) = self.streams.get_mut(place) else { return };
        let id = stream.id;
        let over = |waiting: &mut Waiting| now.is_none_or(|now| waiting.due <= now);
        if let Some(waiting) = stream.waiting[index(to)].take_if(over) {
            self.pass(to, Signal::Data(id, waiting.octets));
        }
    }

    fn waiting_due(&self) -> Option<Time> {
        self.streams.iter().flat_map(|stream| stream.waiting.iter().flatten()).map(|waiting| waiting.due).min()
    }

    /// Ends a stream for both sides.
    fn cut(&mut self, place: usize) {
        let Some(stream) = self.streams.get_mut(place) else { return };
        stream.cut = true;
        let id = stream.id;
        for to in [Side::Dut, Side::Harness] {
            self.flush(place, to, None);
            self.pass(to, Signal::Close(id));
        }
    }
}
