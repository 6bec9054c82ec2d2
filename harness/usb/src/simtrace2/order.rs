//! What is known of the order in which a board did things.
//!
//! What the handset does to its lines is told on the interrupt endpoint; commands, data, and answers to requests come on
//! the bulk endpoint. Each is in order, but either may be ahead of the other. Where a session of the handset begins on the
//! bulk endpoint is told there by a PPS, which precedes the first command, and by the answer to a status request that was
//! made when the reset was reported. Whether the board had an answer to a command in time is told by the answer to the
//! status request right behind it.

use std::collections::VecDeque;
use std::time::Duration;

use super::generation::Generation;
use super::status::{Pts, Status};

/// How far the endpoints of a board may be apart. A board that works has some milliseconds at most; so much leaves room for
/// a host under load.
const APART: Duration = Duration::from_millis(40);

/// When what is still missing will never come: the board drops what the host does not fetch.
const LOST: Duration = Duration::from_secs(1);

/// F and D by their indexes.
type Rates = (u8, u8);

/// The rates without a negotiation.
const DEFAULT_RATES: Rates = (1, 1);

/// What a status request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To see whether the handset is on.
    Look,
    /// To see where a session begins on the bulk endpoint.
    Begin {
        /// Which.
        session: u64,
    },
    /// To see whether the board had an answer in time.
    Answer {
        /// The session of the command.
        session: u64,
        /// What was negotiated in it; none for the default rates, which tell nothing.
        rates: Option<Rates>,
        /// Negotiations seen when it went out.
        negotiations: u64,
    },
}

/// Where a header stands that has just come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the session that runs.
    Here,
    /// In the next session, whose reset is not reported yet.
    Next,
    /// Before the reset that was reported last, or behind it.
    Unknown,
}

/// Why an answer may be given to a command that it is not meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suspicion {
    /// If it was late, it came before the next session, while reset was held or without power.
    InReset,
    /// It came in a later session, or may have.
    Late,
}

/// The order of things.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    now: Duration,
    /// The session that runs, or ran last; 0 before the first.
    session: u64,
    /// Status requests, the oldest first.
    requests: VecDeque<(Purpose, Duration)>,
    /// Whether the bulk endpoint is known to have come to this session.
    arrived: bool,
    /// Whether something of this session, or of a later one, was seen on the bulk endpoint.
    opened: bool,
    /// The same of the one before.
    opened_before: bool,
    /// What was negotiated in this session.
    rates: Option<Rates>,
    /// What was negotiated in the session that follows, if it is known to have begun although its reset is not reported
    /// yet, and since when.
    ahead: Option<(Option<Rates>, Duration)>,
    negotiations: u64,
    /// Whether the end of this session was reported.
    broken: bool,
    /// When the last answer of this session was seen to be in time, unless a report is still behind that says otherwise.
    in_time: Option<Duration>,
    /// What became of answers, by their session.
    suspicions: Vec<(u64, Suspicion)>,
}

impl Order {
    /// The time, since any fixed moment; what is done from now on is done then.
    pub(super) fn tick(&mut self, now: Duration) {
        self.now = now;
        self.ahead = self.ahead.filter(|(_, then)| now.saturating_sub(*then) <= LOST);
        while self.requests.front().is_some_and(|(_, asked)| now.saturating_sub(*asked) > LOST) {
            if let Some((Purpose::Answer { session, .. }, _)) = self.requests.pop_front()
                && self.is_over(session)
            {
                self.suspicions.push((session, Suspicion::Late));
            }
        }
    }

    /// How long ago something was.
    pub(super) fn since(&self, then: Duration) -> Duration {
        self.now.saturating_sub(then)
    }

    /// The time that was told last.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// Which session runs, or ran last.
    pub(super) fn session(&self) -> u64 {
        self.session
    }

    /// What a request behind an answer to the handset is for.
    pub(super) fn answer(&self) -> Purpose {
        Purpose::Answer { session: self.session, rates: self.rates, negotiations: self.negotiations }
    }

    /// A status request goes out.
    pub(super) fn ask(&mut self, purpose: Purpose) {
        self.requests.push_back((purpose, self.now));
    }

    /// A status request is answered; gives what it was for.
    pub(super) fn answered(&mut self, status: &Status) -> Option<Purpose> {
        let (purpose, _) = self.requests.pop_front()?;
        match purpose {
            Purpose::Look => {}
            Purpose::Begin { session } => self.arrived |= session == self.session,
            Purpose::Answer { session, rates, negotiations } => {
                // Rates last until the next session begins, and there until the next negotiation.
                let same = negotiations == self.negotiations && status.f.zip(status.d) == rates;
                match (rates, status.flags.running()) {
                    (Some(_), true) if same => {}
                    (Some(_), false) if same => self.suspicions.push((session, Suspicion::InReset)),
                    (None, true) if !self.is_over(session) => self.in_time = Some(self.now),
                    _ => self.suspicions.push((session, Suspicion::Late)),
                }
            }
        }
        Some(purpose)
    }

    /// The end of the session is reported.
    pub(super) fn broke(&mut self) {
        if !std::mem::replace(&mut self.broken, true)
            && self.in_time.take().is_some_and(|then| self.since(then) < APART)
        {
            self.suspicions.push((self.session, Suspicion::Late));
        }
    }

    /// The beginning of a session is reported.
    pub(super) fn began(&mut self) {
        let ahead = self.ahead.take();
        self.session += 1;
        self.opened_before = self.opened;
        (self.arrived, self.opened) = (ahead.is_some(), ahead.is_some());
        self.rates = ahead.and_then(|(rates, _)| rates);
        (self.broken, self.in_time) = (false, None);
    }

    /// A command of this session was seen.
    pub(super) fn open(&mut self) {
        self.opened = true;
    }

    /// A negotiation is seen. Whatever command came before it is of a session that is over.
    pub(super) fn negotiated(&mut self, pts: &Pts) {
        self.negotiations += 1;
        let rates = pts.f_and_d().filter(|rates| *rates != DEFAULT_RATES);
        if self.opened {
            self.ahead = Some((rates, self.now));
        } else if self.arrived || self.opened_before {
            (self.arrived, self.opened) = (true, true);
            self.rates = rates;
        }
    }

    /// Where a header stands. `idle`: the handset has an answer to the one before.
    pub(super) fn header(&mut self, running: bool, idle: bool) -> Standing {
        if self.ahead.is_none() && running && self.arrived {
            if idle {
                return Standing::Here;
            }
            self.ahead = Some((None, self.now));
        }
        if self.ahead.is_some() { Standing::Next } else { Standing::Unknown }
    }

    /// Whether the session that follows is known to have begun, so that nobody waits for answers in this one.
    pub(super) fn is_left(&self) -> bool {
        self.ahead.is_some()
    }

    /// Whether a command under way may be of the session that follows: one that came just before the report of a reset.
    pub(super) fn may_be_ahead(&self, taken: Duration) -> bool {
        self.since(taken) < APART
    }

    /// Whether it is still to be heard of answers to commands of earlier sessions whether they were in time.
    pub(super) fn owes(&self) -> bool {
        self.requests
            .iter()
            .any(|(purpose, _)| matches!(purpose, Purpose::Answer { session, .. } if *session < self.session))
    }

    /// Whether the first command of this session may be given an answer that was meant for a command before.
    pub(super) fn is_spoiled(&mut self, generation: Generation) -> bool {
        let session = self.session;
        let earlier = self.suspicions.extract_if(.., |(of, _)| *of < session);
        let excused = |suspicion| suspicion == Suspicion::InReset && generation == Generation::After091;
        earlier.filter(|(_, suspicion)| !excused(*suspicion)).count() > 0
    }

    fn is_over(&self, session: u64) -> bool {
        session < self.session || self.broken || self.is_left()
    }
}
