//! One session with a DUT: a player on this side, a link, and the events that pass.

use std::time::Duration;

use dmsc_engine::account::Account;
use dmsc_engine::dm::trust::NonceTrust;
use dmsc_engine::event::Event;
use dmsc_engine::messages::What;
use dmsc_engine::patch::Change;
use dmsc_engine::player::{Delivery, Player, PlayerError, Reply};
use dmsc_link::{LastWords, Link, LinkError, Signal, Time, Waking, is_interrupted, on_interrupt};

/// How many signals may pass after one of a case's own before the session is cut: two sides that answer each other for
/// ever must end too, and a case that repeats its steps may take as many signals as it needs.
pub const SIGNAL_LIMIT: u64 = 500_000;

/// How many octets a session may bring: a DUT that never ends must not fill the memory, nor the disk.
pub const OCTET_LIMIT: usize = 64 * 1024 * 1024;

/// Why a session cannot go on; the harness or the rig is at fault.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The link failed.
    #[error("the link failed: {0}")]
    Link(#[from] LinkError),
    /// The player cannot do what the case asks.
    #[error("{0}")]
    Player(#[from] PlayerError),
    /// The reference DUT cannot go on.
    #[error("{0}")]
    Dut(String),
    /// The two sides do not come to rest.
    #[error("the session passed {SIGNAL_LIMIT} signals without coming to rest")]
    Restless,
    /// The DUT says more than anybody needs, however little each time.
    #[error("more than {SIGNAL_LIMIT} signals have passed in one session, which is the limit")]
    TooMany,
    /// The DUT sends without end.
    #[error("the DUT has sent more than {} MiB in one session, which is the limit", OCTET_LIMIT / 1024 / 1024)]
    TooMuch,
    /// The player has nothing more to do with the DUT; what it did is told.
    #[error("{0}")]
    GivenUp(String),
    /// Somebody wants the program to end.
    #[error("the run was interrupted")]
    Interrupted,
    /// Nothing ever came from the DUT.
    #[error("{0}")]
    Lifeless(&'static str),
}

impl Broken {
    /// Whether it is what the DUT did that ended the session, though no demand was missed: then nothing is shown, and
    /// the rig is not at fault.
    pub fn is_of_dut(&self) -> bool {
        matches!(self, Broken::TooMany | Broken::TooMuch | Broken::GivenUp(_))
    }
}

/// What a session has shown of a terminal and its DM Client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// The client was notified.
    pub asked: bool,
    /// A request of the client came, or what should have been one, whatever was in it.
    pub came: bool,
    /// A DM message of it came that could be read.
    pub readable: bool,
    /// Why the last message that could not be read could not.
    pub unreadable: Option<String>,
}

impl Signs {
    fn note(&mut self, event: &Event) {
        match (event.heard, event.kind.as_ref()) {
            (false, "notification") => self.asked = true,
            (true, "http.request") => self.came = true,
            (true, "dm.message") => self.readable = true,
            // A request, or a connection with octets that are none.
            (true, "dm.unreadable" | "http.garbage") => {
                self.came = true;
                self.unreadable = event.fields.get("reason").and_then(|reason| reason.as_str()).map(str::to_owned);
            }
            _ => {}
        }
    }
}

/// A session.
pub struct Session {
    player: Box<dyn Player>,
    link: Box<dyn Link>,
    signals: u64,
    /// Octets that came from the DUT.
    octets: usize,
    /// Signals that came from the DUT.
    heard: u64,
    ended: Option<String>,
    /// Whether a wait that somebody woke gives way before its time.
    interruptible: bool,
    trust: NonceTrust,
    signs: Signs,
    /// An interrupt ends a wait.
    _waking: Option<Waking>,
}

impl Session {
    /// Puts a player on a link and begins.
    pub fn start(mut player: Box<dyn Player>, link: Box<dyn Link>) -> Session {
        player.start(link.now());
        let trust = NonceTrust::new(player.account());
        // On a virtual clock nobody waits.
        let poster = link.poster().filter(|_| !link.capabilities().virtual_time);
        Session {
            player,
            link,
            signals: 0,
            octets: 0,
            heard: 0,
            ended: None,
            interruptible: false,
            trust,
            signs: Signs::default(),
            _waking: poster.map(|poster| on_interrupt(move || poster.wake())),
        }
    }

    /// Lets a wait give way when somebody wakes it, and the session go on for ever: a player that is played by hand.
    #[must_use]
    pub fn by_hand(mut self) -> Session {
        self.interruptible = true;
        self
    }

    /// The time on the link's clock.
    pub fn now(&self) -> Time {
        self.link.now()
    }

    /// Whether waiting costs nothing.
    pub fn is_virtual(&self) -> bool {
        self.link.capabilities().virtual_time
    }

    /// Whether the end of the command that took a notification is the end of all the DUT has to say.
    pub fn ends_with_notification(&self) -> bool {
        self.link.capabilities().ends_with_notification
    }

    /// Whether something makes the DUT send a notification.
    pub fn can_be_woken(&self) -> bool {
        let capabilities = self.link.capabilities();
        capabilities.contact || capabilities.notify
    }

    /// Whether the DUT has given any sign of life.
    pub fn is_alive(&self) -> bool {
        self.heard > 0
    }

    /// That it has not, in words.
    pub fn lifeless(&self) -> &'static str {
        if self.link.capabilities().contact {
            "the DUT gave no sign of life: no answer to power-on or to any message"
        } else {
            "the DUT gave no sign of life: no connection and no message came from it, and none of its commands has ended"
        }
    }

    /// What it showed of the nonces that it began with.
    pub(crate) fn trust(&self) -> NonceTrust {
        self.trust
    }

    /// What it has shown of a terminal and its DM Client.
    pub fn signs(&self) -> &Signs {
        &self.signs
    }

    /// What was said of the end of the DUT's process, if it ended.
    pub fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// What there is to tell of the DUT's processes.
    pub fn last_words(&self) -> LastWords {
        self.link.last_words()
    }

    /// Gives back the player, whose account says which nonces are in force now, and the link.
    pub fn into_parts(self) -> (Box<dyn Player>, Box<dyn Link>) {
        (self.player, self.link)
    }

    /// Waits for the next event, at most until `until`.
    ///
    /// # Errors
    /// [`Broken`] when the session cannot go on.
    pub fn next(&mut self, until: Time) -> Result<Option<Event>, Broken> {
        loop {
            if let Some(event) = self.event() {
                return Ok(Some(event));
            }
            if self.flush()? {
                continue;
            }
            self.goes_on()?;
            // A DUT that never falls silent must not hold a window open.
            if self.link.now() > until {
                // An exchange that took longer than the window may have been cut off: that is no silence of the DUT.
                if !self.is_virtual()
                    && let Some(signal) = self.link.recv(until)?
                {
                    self.take(signal)?;
                }
                return Ok(None);
            }
            let deadline = self.player.wake_at().map_or(until, |at| at.min(until));
            match self.link.recv(deadline)? {
                Some(signal) => self.take(signal)?,
                None => {
                    let now = self.link.now();
                    if self.player.wake_at().is_some_and(|at| at <= now) {
                        self.player.tick(now);
                        self.count()?;
                    } else if now >= until || self.interruptible {
                        return Ok(None);
                    }
                    if now >= until && self.player.wake_at().is_none_or(|at| at > now) {
                        // What the tick had to say still goes out before the window is called over.
                        self.flush()?;
                        return Ok(self.event());
                    }
                }
            }
        }
    }

    /// The next event, if there is one without waiting, and before `until`: over some links an answer is there as soon as
    /// a command was sent, so that there may be no end of them.
    ///
    /// # Errors
    /// [`Broken`] when the session cannot go on.
    pub fn ready(&mut self, until: Time) -> Result<Option<Event>, Broken> {
        loop {
            if let Some(event) = self.event() {
                return Ok(Some(event));
            }
            if self.link.now() > until {
                return Ok(None);
            }
            if self.flush()? {
                continue;
            }
            match self.link.recv(Time::ZERO)? {
                Some(signal) => self.take(signal)?,
                None => return Ok(None),
            }
        }
    }

    /// That nobody wants the program to end, and that the player has not given the DUT up. One that is played by hand may
    /// be told to begin again.
    fn goes_on(&self) -> Result<(), Broken> {
        if is_interrupted() {
            return Err(Broken::Interrupted);
        }
        match self.player.given_up().filter(|_| !self.interruptible) {
            Some(_) if !self.is_alive() => Err(Broken::Lifeless(self.lifeless())),
            Some(why) => Err(Broken::GivenUp(why.to_owned())),
            None => Ok(()),
        }
    }

    fn event(&mut self) -> Option<Event> {
        let event = self.player.next_event()?;
        self.trust.note(&event);
        self.signs.note(&event);
        Some(event)
    }

    fn count(&mut self) -> Result<(), Broken> {
        self.signals = self.signals.saturating_add(1);
        match self.signals > SIGNAL_LIMIT && !self.interruptible {
            true if self.is_virtual() => Err(Broken::Restless),
            true => Err(Broken::TooMany),
            false => Ok(()),
        }
    }

    /// Sends what the player has to say; gives whether there was anything.
    fn flush(&mut self) -> Result<bool, Broken> {
        let mut sent = false;
        while let Some(signal) = self.player.poll() {
            self.count()?;
            self.link.send(signal)?;
            sent = true;
        }
        Ok(sent)
    }

    fn take(&mut self, signal: Signal) -> Result<(), Broken> {
        self.count()?;
        if let Signal::Ended(text) = &signal {
            if self.is_virtual() {
                return Err(Broken::Dut(text.clone()));
            }
            self.ended = Some(text.clone());
        }
        // That nothing comes is no sign of life.
        self.heard = self.heard.saturating_add(u64::from(!matches!(signal, Signal::Unanswered { .. })));
        self.octets = self.octets.saturating_add(signal.octets().map_or(0, <[u8]>::len));
        if self.octets > OCTET_LIMIT && !self.interruptible {
            return Err(Broken::TooMuch);
        }
        self.player.handle(self.link.now(), signal);
        Ok(())
    }

    /// Answers the oldest event that wants an answer.
    ///
    /// # Errors
    /// [`Broken::Player`] when the reply does not fit.
    pub fn answer(&mut self, reply: &Reply) -> Result<(), Broken> {
        Ok(self.player.answer(self.link.now(), reply)?)
    }

    /// The account of the player, with the nonces in force now.
    pub fn account(&self) -> Option<&Account> {
        self.player.account()
    }

    /// What became of the latest notification, wake-up or request.
    pub fn delivery(&self) -> &Delivery {
        self.player.delivery()
    }

    /// That the DUT has begun a message and not come to its end, in words.
    pub fn unfinished(&self) -> Option<String> {
        self.player.unfinished()
    }

    /// The next event that is there already; nothing passes on the link.
    pub fn told(&mut self) -> Option<Event> {
        self.event()
    }

    /// Sends such a message.
    ///
    /// # Errors
    /// [`Broken::Player`] when the player does not send it.
    pub fn perform(&mut self, what: What, change: &Change) -> Result<(), Broken> {
        self.signals = 0;
        self.player.perform(self.link.now(), what, change)?;
        if what == What::Notification {
            self.signs.asked = true;
        }
        if matches!(what, What::Notification | What::Sms) {
            self.trust.asks();
        }
        Ok(())
    }

    /// Lets both sides come to an end by themselves: everything is answered as it should be, until nothing has come for
    /// `quiet`, at the latest after `limit`. Gives whether they did; what breaks now was of no more use.
    pub fn finish(&mut self, quiet: Duration, limit: Duration) -> bool {
        let end = self.window(limit);
        // Something may have been left unanswered.
        if self.answer(&Reply::Default).is_err() {
            return false;
        }
        while self.now() < end {
            match self.next(self.window(quiet).min(end)) {
                Ok(Some(event)) if event.wants_answer && self.answer(&Reply::Default).is_err() => return false,
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    /// Passes an act of the operator to the player itself.
    pub fn do_act(&mut self, name: &str) {
        self.player.handle(self.link.now(), Signal::Act(name.to_owned()));
    }

    /// Passes an act of the operator to a reference DUT.
    ///
    /// # Errors
    /// [`Broken::Link`] when there is no reference DUT behind the link.
    pub fn act(&mut self, name: &str) -> Result<(), Broken> {
        Ok(self.link.send(Signal::Act(name.to_owned()))?)
    }

    /// The next short message that the player wants the network to deliver to the DUT.
    pub fn to_deliver(&mut self) -> Option<Vec<u8>> {
        self.player.to_deliver()
    }

    /// Passes a short message to a reference DUT, as from the network.
    ///
    /// # Errors
    /// [`Broken::Link`] when there is no reference DUT behind the link.
    pub fn deliver(&mut self, tpdu: &[u8]) -> Result<(), Broken> {
        Ok(self.link.send(Signal::Sms(tpdu.to_vec()))?)
    }

    /// The end of a window that begins now.
    pub fn window(&self, length: Duration) -> Time {
        self.now() + length
    }
}
