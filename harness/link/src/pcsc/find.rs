//! The wait for the card that is meant, and the list of what there is.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::time::{Duration, Instant};

use pcsc::State;

use super::context::Pcscd;
use super::{Iccid, PcscConfig, Reader, ReaderState, Select, iccid};
use crate::LinkError;
use crate::interrupt;

/// How long a wait may miss a reader that was plugged in just before it: pcscd tells of those that come during it.
const LOOK: Duration = Duration::from_secs(1);

/// How often the readers are asked for anew because one came or went meanwhile.
const LOOKS: usize = 100;

/// The readers, in pcscd's order.
pub(super) fn readers() -> Result<Vec<Reader>, LinkError> {
    let pcscd = Pcscd::connect(Instant::now())?;
    for _ in 0..LOOKS {
        if let Some(states) = pcscd.states()? {
            return Ok(states.iter().filter(|state| !is_pnp(state)).map(reader).collect());
        }
    }
    Err(restless())
}

/// Readers that come or go faster than they can be asked for.
fn restless() -> LinkError {
    LinkError::Missing {
        what: "the readers cannot be listed: each time they were asked for, one had come or gone meanwhile".into(),
        remedy: "unplug the reader whose contact is loose, or see what pcscd says (`pcscd --foreground --debug`)"
            .into(),
    }
}

fn is_pnp(state: &pcsc::ReaderState) -> bool {
    state.name() == pcsc::PNP_NOTIFICATION()
}

fn reader(state: &pcsc::ReaderState) -> Reader {
    let events = state.event_state();
    let found = if events.contains(State::MUTE) {
        ReaderState::Mute
    } else if events.intersects(State::INUSE | State::EXCLUSIVE) {
        ReaderState::InUse { exclusively: events.contains(State::EXCLUSIVE) }
    } else if events.contains(State::PRESENT) {
        ReaderState::Present
    } else if events.contains(State::EMPTY) {
        ReaderState::Empty
    } else {
        ReaderState::Unknown
    };
    Reader { name: state.name().to_string_lossy().into_owned(), state: found, atr: state.atr().to_vec() }
}

/// The search for one card.
pub(super) struct Search<'a> {
    pcscd: &'a Pcscd,
    config: &'a PcscConfig,
    until: Instant,
    /// What cards were found to be, by reader and by how often a card came or went there: nobody is asked twice.
    asked: HashMap<(CString, u32), Option<Iccid>>,
}

impl<'a> Search<'a> {
    /// A search that ends at `until`.
    pub(super) fn new(pcscd: &'a Pcscd, config: &'a PcscConfig, until: Instant) -> Search<'a> {
        Search { pcscd, config, until, asked: HashMap::new() }
    }

    /// Waits until exactly one card fits, and names its reader.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when none does in time, or several do; [`LinkError::Gone`] when pcscd ends meanwhile,
    /// [`LinkError::Interrupted`] when somebody wants the program to end.
    pub(super) fn run(&mut self) -> Result<CString, LinkError> {
        let mut looks = 0;
        loop {
            interrupt::check()?;
            let Some(mut states) = self.pcscd.states()? else {
                looks += 1;
                if looks < LOOKS {
                    continue;
                }
                return Err(restless());
            };
            looks = 0;
            let mut fitting = Vec::new();
            for state in &states {
                if self.fits(state)? {
                    fitting.push(state.name().to_owned());
                }
            }
            match fitting.as_slice() {
                [] => {}
                [reader] => return Ok(reader.clone()),
                several => return Err(self.several(several)),
            }
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.none(&states));
            }
            states.iter_mut().for_each(pcsc::ReaderState::sync_current_state);
            self.pcscd.changed(left.min(LOOK), &mut states)?;
        }
    }

    fn fits(&mut self, state: &pcsc::ReaderState) -> Result<bool, LinkError> {
        let select = &self.config.reader;
        let there = state.event_state().contains(State::PRESENT) && !is_pnp(state);
        if !there || !select.takes_reader(&state.name().to_string_lossy()) || !select.takes_atr(state.atr()) {
            return Ok(false);
        }
        let Select::Iccid(wanted) = select else { return Ok(true) };
        let key = (state.name().to_owned(), state.event_count());
        let found = match self.asked.get(&key) {
            Some(found) => found.clone(),
            None => {
                let found = iccid::read(self.pcscd, state.name(), self.config.limit)?;
                self.asked.insert(key, found.clone());
                found
            }
        };
        Ok(found.as_ref() == Some(wanted))
    }

    fn several(&self, readers: &[CString]) -> LinkError {
        let names: Vec<_> = readers.iter().map(|name| format!("`{}`", name.to_string_lossy())).collect();
        LinkError::Missing {
            what: format!("{} fits {} cards: in {}", self.config.reader, names.len(), names.join(", ")),
            remedy: "name the reader in the DUT file".into(),
        }
    }

    fn none(&self, states: &[pcsc::ReaderState]) -> LinkError {
        let list: Vec<_> = states.iter().filter(|state| !is_pnp(state)).map(|state| self.describe(state)).collect();
        let list = if list.is_empty() { "pcscd knows no reader".to_owned() } else { list.join(", ") };
        LinkError::Missing {
            what: format!("there is not {}: {list}", self.config.reader),
            remedy: "put the card in, or name another reader in the DUT file (`dmsc devices` lists them)".into(),
        }
    }

    fn describe(&self, state: &pcsc::ReaderState) -> String {
        let Reader { name, state: found, .. } = reader(state);
        let asked = self.asked.get(&(CString::from(state.name() as &CStr), state.event_count())).cloned().flatten();
        let iccid = asked.map_or(String::new(), |iccid| format!(", ICCID {iccid}"));
        format!("`{name}` ({found}{iccid})")
    }
}
