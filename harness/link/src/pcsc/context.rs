//! A connection to pcscd, every call of which ends.

use std::ffi::{CStr, CString};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pcsc::{Card, Context, Disposition, Error, ReaderState, Scope, State};

use super::connection::Sockets;
use super::daemon::Daemon;
use super::guard::{Guard, Target};
use crate::LinkError;
use crate::exhausted::start_thread;

/// How long pcscd may take for what no card has a part in, on the wall.
pub(super) const DAEMON_LIMIT: Duration = Duration::from_secs(5);

/// One context is made at a time, so that what appears among the sockets meanwhile is its connection.
static TURN: Mutex<()> = Mutex::new(());

/// A context and the guard over its calls.
pub(super) struct Pcscd {
    guard: Guard,
    /// There until it is dropped.
    context: Option<Context>,
}

impl Pcscd {
    /// Waits for pcscd and connects to it.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when it does not run by `until`, does not answer, or refuses.
    pub(super) fn connect(until: Instant) -> Result<Pcscd, LinkError> {
        loop {
            Daemon::wait(until)?;
            match establish(DAEMON_LIMIT)? {
                Some((guard, Ok(context))) => return Ok(Pcscd { guard, context: Some(context) }),
                // It ended between the look and the call.
                Some((_, Err(Error::NoService | Error::ServiceStopped | Error::CommError)))
                    if Instant::now() < until && !matches!(Daemon::look(), Daemon::Up) => {}
                Some((_, Err(_))) => return Err(Daemon::Up.missing()),
                None => {
                    return Err(LinkError::Missing {
                        what: "pcscd does not answer".into(),
                        remedy: "see whether it was stopped (`kill -CONT`), or restart it".into(),
                    });
                }
            }
        }
    }

    /// Calls into libpcsclite; `None` when the call overran its limit, and the connection is lost with it.
    pub(super) fn call<T>(
        &self,
        limit: Duration,
        call: impl FnOnce(&Context) -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        let context = self.context.as_ref()?;
        self.guard.call(limit, || call(context))
    }

    /// The guard alone, for calls on a card.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Lets go of a card.
    pub(super) fn disconnect(&self, card: Card, disposition: Disposition) {
        // A card that cannot be let go of is let go of when the connection ends.
        self.guard.call(DAEMON_LIMIT, || drop(card.disconnect(disposition)));
    }

    /// Names and states of all readers, and at their end the pseudo-reader that changes when readers come or go, unless
    /// there are as many as there can be.
    /// `None` when readers came or went meanwhile: it has to be asked again.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when pcscd does not answer any more.
    pub(super) fn states(&self) -> Result<Option<Vec<ReaderState>>, LinkError> {
        let names = match self.call(DAEMON_LIMIT, Context::list_readers_owned) {
            Some(Ok(names)) => names,
            Some(Err(Error::NoReadersAvailable)) => Vec::new(),
            // Their length is asked for first, and another one came before their names were.
            Some(Err(Error::InsufficientBuffer)) => return Ok(None),
            failed => return Err(daemon_gone(failed.and_then(Result::err))),
        };
        let mut states: Vec<_> = names.into_iter().map(|name| ReaderState::new(name, State::UNAWARE)).collect();
        // No more are taken at once, and where there are so many already, pcscd takes on no other.
        if states.len() < MOST_READERS {
            states.push(ReaderState::new(pcsc::PNP_NOTIFICATION(), State::UNAWARE));
        }
        Ok(self.changed(Duration::ZERO, &mut states)?.then_some(states))
    }

    /// Waits until one of these is in another state, at most for `limit`; false when one is there no more.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when pcscd does not answer any more.
    pub(super) fn changed(&self, limit: Duration, states: &mut [ReaderState]) -> Result<bool, LinkError> {
        match self.call(limit.saturating_add(DAEMON_LIMIT), |context| context.get_status_change(limit, states)) {
            Some(Ok(()) | Err(Error::Timeout)) => Ok(true),
            Some(Err(Error::UnknownReader | Error::ReaderUnavailable | Error::InvalidValue)) => Ok(false),
            failed => Err(daemon_gone(failed.and_then(Result::err))),
        }
    }

    /// The state of one reader now; `None` when it is there no more.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when pcscd does not answer any more.
    pub(super) fn state(&self, reader: &CStr) -> Result<Option<ReaderState>, LinkError> {
        let mut states = [ReaderState::new(CString::from(reader), State::UNAWARE)];
        let there = self.changed(Duration::ZERO, &mut states)?;
        let [state] = states;
        let lost = state.event_state().intersects(State::UNKNOWN | State::UNAVAILABLE);
        Ok((there && !lost).then_some(state))
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        let context = self.context.take();
        self.guard.call(DAEMON_LIMIT, || drop(context));
        // The second descriptor would keep the connection open.
        self.guard.aim(Target::Nothing);
    }
}

/// The readers that pcscd can have, and the states that it is asked for at once (PCSCLITE_MAX_READERS_CONTEXTS).
const MOST_READERS: usize = 16;

/// What it means that a call failed which only pcscd has a part in.
pub(super) fn daemon_gone(error: Option<Error>) -> LinkError {
    let why = error.map_or("it does not answer".to_owned(), |error| error.to_string());
    LinkError::Gone { what: format!("pcscd is gone: {why}") }
}

/// A guard, and what came of making a context under it.
type Established = (Guard, Result<Context, Error>);

/// Makes a context on a thread of its own, which is left behind if even the end of its connection does not free it: a
/// daemon that was stopped may hold a program in connect(2), from which nothing frees it. `None` when it overran.
///
/// # Errors
/// [`LinkError::Exhausted`] when there is no such thread.
fn establish(limit: Duration) -> Result<Option<Established>, LinkError> {
    let (sender, made) = channel();
    let guard = Guard::new()?;
    start_thread("pcscd", move || {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let before = Sockets::now();
        guard.aim(Target::Coming(before.clone()));
        let result = guard.call(limit, || Context::establish(Scope::System));
        guard.aim(before.newcomers().pop().map_or(Target::Nothing, Target::Connection));
        // Whoever waits no more does not want it.
        let _ = sender.send((guard, result));
    })?;
    let made = made.recv_timeout(limit.saturating_mul(2)).ok();
    Ok(made.and_then(|(guard, result)| Some((guard, result?))))
}
