//! One card in one reader, from its power to its last answer.

use std::borrow::Cow;
use std::ffi::CString;
use std::time::{Duration, Instant};

use pcsc::{Card, Disposition, Error, Protocol, Protocols, ShareMode, State};

use super::context::{DAEMON_LIMIT, Pcscd, daemon_gone};
use super::error_name::error_name;
use super::find::Search;
use super::{PcscConfig, PcscProtocol, PcscShare, Select};
use crate::LinkError;
use crate::advice::{System, start_pcsc};
use dmsc_octets::to_hex;

/// How long the driver may take to find that a card which did not answer is there no more: it looks every 400 ms.
const SETTLE: Duration = Duration::from_secs(1);

/// A driver that does not take a command says so within this; the shortest waiting time of a card is longer (ISO/IEC 7816-3
/// 10.2: 960 elementary time units times WI, 71 ms with WI 1 at 5 MHz).
const REFUSED_WITHIN: Duration = Duration::from_millis(50);

/// Where to look when PC/SC does not carry a command.
const ASK_THE_DRIVER: &str =
    "see what the reader's driver says (`pcscd --foreground --debug --apdu`), and try another reader";

/// The largest response APDU: 65536 octets and a status word.
const LONGEST_RESPONSE: usize = 65538;

/// A card that was found, and its connection.
pub(super) struct Session {
    pcscd: Pcscd,
    reader: CString,
    /// How often a card came or went in the reader when this one was found.
    generation: u32,
    card: Option<Card>,
    /// This link took the power away.
    switched_off: bool,
    t0: bool,
    share: ShareMode,
    protocol: PcscProtocol,
    protocols: Protocols,
    limit: Duration,
    buffer: Box<[u8]>,
    /// The connection to pcscd was given up to end an exchange.
    lost: bool,
    /// Why the latest answer that was none was none, in words.
    silence: String,
}

impl Session {
    /// Finds the card and connects to it. A card that does not answer its reset is found, too: that it is mute shows
    /// when it is powered.
    ///
    /// # Errors
    /// [`LinkError::Missing`] for all that is not there by `until`.
    pub(super) fn open(config: &PcscConfig, until: Instant) -> Result<Session, LinkError> {
        loop {
            let pcscd = Pcscd::connect(until)?;
            match Session::with(pcscd, config, until) {
                // pcscd ended while the card was waited for, and may come again.
                Err(LinkError::Gone { .. }) if Instant::now() < until => {}
                Err(LinkError::Gone { what }) => {
                    return Err(LinkError::Missing { what, remedy: start_pcsc(System::HERE).into() });
                }
                done => return done,
            }
        }
    }

    fn with(pcscd: Pcscd, config: &PcscConfig, until: Instant) -> Result<Session, LinkError> {
        let reader = Search::new(&pcscd, config, until).run()?;
        let mut session = Session {
            pcscd,
            reader,
            generation: 0,
            card: None,
            switched_off: false,
            t0: false,
            share: match config.share {
                PcscShare::Exclusive => ShareMode::Exclusive,
                PcscShare::Shared => ShareMode::Shared,
            },
            protocol: config.protocol,
            protocols: match config.protocol {
                PcscProtocol::Any => Protocols::ANY,
                PcscProtocol::T0 => Protocols::T0,
                PcscProtocol::T1 => Protocols::T1,
            },
            limit: config.limit,
            buffer: vec![0; LONGEST_RESPONSE].into_boxed_slice(),
            lost: false,
            silence: String::new(),
        };
        session.generation = session.state()?.event_count();
        if session.connect(until)? {
            // For its protocol: who does not power the card may still speak to it.
            session.atr()?;
        }
        Ok(session)
    }

    /// How to find this very card again.
    pub(super) fn same_card(&self, config: &PcscConfig) -> PcscConfig {
        PcscConfig { reader: Select::Name(self.reader.to_string_lossy().into_owned()), ..config.clone() }
    }

    /// Whether the connection was given up to end an exchange, so that the next power-on needs a new session.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Why the latest answer that was none was none, in words.
    pub(super) fn silence(&self) -> &str {
        &self.silence
    }

    /// Cold reset. The answer to reset; `None` when the card gave none.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the card, the reader or pcscd is not there any more.
    pub(super) fn power_on(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        if self.card.is_some() {
            return self.reset(Disposition::UnpowerCard);
        }
        let switched_off = std::mem::take(&mut self.switched_off);
        if !self.connect(Instant::now() + DAEMON_LIMIT)? {
            return Ok(None);
        }
        // Connecting gives power to a card that has none. Whether it has any, pcscd does not say: a card that others
        // may use, or that answered nothing before, is reset.
        if switched_off && self.share == ShareMode::Exclusive {
            self.atr()
        } else {
            self.reset(Disposition::UnpowerCard)
        }
    }

    /// Warm reset. The answer to reset; `None` when the card gave none.
    ///
    /// # Errors
    /// As [`Session::power_on`].
    pub(super) fn warm_reset(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        if self.card.is_some() { self.reset(Disposition::ResetCard) } else { self.power_on() }
    }

    /// Takes the power away.
    pub(super) fn power_off(&mut self) {
        if let Some(card) = self.card.take() {
            self.pcscd.disconnect(card, Disposition::UnpowerCard);
            self.switched_off = true;
        }
    }

    /// One exchange. The response; `None` when the card gave none, or has no power.
    ///
    /// # Errors
    /// As [`Session::power_on`]; [`LinkError::Unsupported`] for what T=0 cannot carry, [`LinkError::Reader`] when PC/SC
    /// fails at it and the card is there.
    pub(super) fn exchange(&mut self, command: &[u8]) -> Result<Option<&[u8]>, LinkError> {
        let Some(card) = &self.card else {
            self.silence = "the card has no power".into();
            return Ok(None);
        };
        let command = if self.t0 { over_t0(command)? } else { Cow::Borrowed(command) };
        let buffer = &mut self.buffer;
        let began = Instant::now();
        let result = self.pcscd.guard().call(self.limit, || card.transmit(&command, buffer).map(<[u8]>::len));
        match result {
            // Some drivers call it an empty response when the card was pulled before it answered.
            Some(Ok(0)) => {
                self.silence = "what came over PC/SC was empty".into();
                self.settle().map(|()| None)
            }
            Some(Ok(length)) => Ok(self.buffer.get(..length)),
            Some(Err(error)) if is_refusal(error, began.elapsed()) => {
                self.settle()?;
                let header = command.get(..command.len().min(4)).unwrap_or_default();
                Err(LinkError::Reader {
                    what: format!(
                        "PC/SC could not carry the command {} of {} octets to the card in {}: {} ({error})",
                        to_hex(header),
                        command.len(),
                        self.name(),
                        error_name(error),
                    ),
                    remedy: ASK_THE_DRIVER.into(),
                })
            }
            failed => self.judge(failed.and_then(Result::err), self.limit).map(|()| None),
        }
    }

    /// Connects to the card; false when it does not answer its reset. Waits for another program to let go of it.
    fn connect(&mut self, until: Instant) -> Result<bool, LinkError> {
        loop {
            let before = self.state()?;
            let (reader, share, protocols) = (&self.reader, self.share, self.protocols);
            match self.pcscd.call(self.limit, |context| context.connect(reader, share, protocols)) {
                Some(Ok(card)) => {
                    self.card = Some(card);
                    return Ok(true);
                }
                Some(Err(Error::SharingViolation)) => self.wait_for_others(before, until)?,
                Some(Err(Error::ProtoMismatch)) => return Err(self.no_such_protocol()),
                Some(Err(Error::SecurityViolation)) => {
                    return Err(LinkError::Missing {
                        what: format!("pcscd does not let this user at the card in {}", self.name()),
                        remedy: "see its polkit rule `org.debian.pcsc-lite.access_card`, or run as root".into(),
                    });
                }
                failed => return self.judge(failed.and_then(Result::err), self.limit).map(|()| false),
            }
        }
    }

    fn wait_for_others(&self, mut state: pcsc::ReaderState, until: Instant) -> Result<(), LinkError> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(LinkError::Missing {
                what: format!(
                    "the card in {} is in use by another program, or by an exchange that does not end",
                    self.name()
                ),
                remedy: "end that program, pull the card and put it in again, or say `share: shared`".into(),
            });
        }
        state.sync_current_state();
        self.pcscd.changed(left, &mut [state])?;
        Ok(())
    }

    fn no_such_protocol(&self) -> LinkError {
        let atr = self.state().map(|state| to_hex(state.atr())).unwrap_or_default();
        let offers =
            |what: &str| format!("the answer to reset of the card in {}, {atr}, does not offer {what}", self.name());
        let (what, remedy) = match self.protocol {
            PcscProtocol::Any => (
                offers("T=0 or T=1, and PC/SC knows no other protocol"),
                "see whether this is the answer to reset that the card is to have (ISO/IEC 7816-3 8.2.3)",
            ),
            PcscProtocol::T0 => (
                offers("T=0, which the DUT file asks for"),
                "leave `protocol` out, or name one that the answer to reset offers",
            ),
            PcscProtocol::T1 => (
                offers("T=1, which the DUT file asks for"),
                "leave `protocol` out, or name one that the answer to reset offers",
            ),
        };
        LinkError::Missing { what, remedy: remedy.into() }
    }

    fn reset(&mut self, by: Disposition) -> Result<Option<Vec<u8>>, LinkError> {
        let Some(card) = &mut self.card else { return Ok(None) };
        let (share, protocols) = (self.share, self.protocols);
        match self.pcscd.guard().call(self.limit, || card.reconnect(share, protocols, by)) {
            Some(Ok(())) => self.atr(),
            Some(Err(Error::ProtoMismatch)) => Err(self.no_such_protocol()),
            failed => self.judge(failed.and_then(Result::err), self.limit).map(|()| None),
        }
    }

    fn atr(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        let Some(card) = &self.card else { return Ok(None) };
        match self.pcscd.guard().call(DAEMON_LIMIT, || card.status2_owned()) {
            Some(Ok(status)) => {
                self.t0 = status.protocol2() == Some(Protocol::T0);
                Ok(Some(status.atr().to_vec()))
            }
            failed => self.judge(failed.and_then(Result::err), DAEMON_LIMIT).map(|()| None),
        }
    }

    /// What it means that a call failed in which the card has a part: that something is gone, or that the card is
    /// silent, which is no error. Without an error it lasted beyond `limit`.
    fn judge(&mut self, error: Option<Error>, limit: Duration) -> Result<(), LinkError> {
        let gone = |what: String| Err(LinkError::Gone { what });
        self.silence = silence(error, limit);
        match error {
            None => {
                self.lost = true;
                self.card = None;
                Ok(())
            }
            Some(Error::NoService | Error::ServiceStopped | Error::CommError | Error::InvalidHandle) => {
                Err(daemon_gone(error))
            }
            Some(Error::RemovedCard | Error::NoSmartcard) => gone(self.pulled()),
            Some(Error::ResetCard) => gone(format!("another program has reset the card in {}", self.name())),
            Some(_) => self.settle(),
        }
    }

    /// Waits as long as the driver may need to find that the card is gone; nothing then means that it is silent.
    fn settle(&mut self) -> Result<(), LinkError> {
        let until = Instant::now() + SETTLE;
        loop {
            let mut state = self.state()?;
            if !state.event_state().contains(State::PRESENT) || state.event_count() != self.generation {
                return Err(LinkError::Gone { what: self.pulled() });
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            state.sync_current_state();
            self.pcscd.changed(left, &mut [state])?;
        }
    }

    fn state(&self) -> Result<pcsc::ReaderState, LinkError> {
        let state = self.pcscd.state(&self.reader)?;
        state.ok_or_else(|| LinkError::Gone { what: format!("reader {} was unplugged", self.name()) })
    }

    fn pulled(&self) -> String {
        format!("the card was pulled from {}", self.name())
    }

    fn name(&self) -> String {
        format!("`{}`", self.reader.to_string_lossy())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.power_off();
    }
}

/// Why there is no answer, in words.
fn silence(error: Option<Error>, limit: Duration) -> String {
    match error {
        None => format!("nothing came over PC/SC within {} s", limit.as_secs_f32()),
        Some(error) => format!("PC/SC says {}: {error}", error_name(error)),
    }
}

/// Whether an error means that PC/SC or its driver did not carry a command: neither that something is gone, nor that the
/// card does not answer. The one error of a transmission that failed means either; a driver that refuses a command says
/// so `after` no time, one whose card is mute has waited for it.
fn is_refusal(error: Error, after: Duration) -> bool {
    match error {
        Error::NotTransacted => after < REFUSED_WITHIN,
        Error::NoService
        | Error::ServiceStopped
        | Error::CommError
        | Error::InvalidHandle
        | Error::RemovedCard
        | Error::NoSmartcard
        | Error::ResetCard
        | Error::UnresponsiveCard
        | Error::UnpoweredCard => false,
        _ => true,
    }
}

/// What is sent over T=0 for a command APDU (ISO/IEC 7816-3 12.2): neither pcscd nor its drivers make a TPDU of it. Case 1
/// gets P3, which is 00; of case 4 the length of the response stays behind, and the terminal fetches it with GET RESPONSE.
fn over_t0(command: &[u8]) -> Result<Cow<'_, [u8]>, LinkError> {
    if command.len() == 4 {
        return Ok([command, &[0x00]].concat().into());
    }
    let Some((lc, rest)) = command.get(4..).and_then(<[u8]>::split_first) else { return Ok(command.into()) };
    if *lc == 0 && rest.len() >= 2 {
        return Err(LinkError::Unsupported(
            "a command APDU of extended length over T=0; use a card and a reader that speak T=1",
        ));
    }
    let data = usize::from(*lc);
    let case_4 = data > 0 && rest.len() == data.saturating_add(1);
    Ok(command.get(..command.len().saturating_sub(usize::from(case_4))).unwrap_or(command).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transmission_that_fails_at_once_is_refused_and_one_that_fails_late_was_not_answered() {
        let (at_once, late) = (Duration::from_millis(3), Duration::from_millis(71));
        assert!(is_refusal(Error::NotTransacted, at_once));
        assert!(!is_refusal(Error::NotTransacted, late));
        assert!(is_refusal(Error::InvalidParameter, late));
        assert!(!is_refusal(Error::RemovedCard, at_once));
    }

    #[test]
    fn silence_is_told_by_what_gave_the_card_up() {
        let limit = Duration::from_millis(1500);
        assert_eq!(silence(None, limit), "nothing came over PC/SC within 1.5 s");
        let told = silence(Some(Error::UnresponsiveCard), limit);
        assert!(told.starts_with("PC/SC says SCARD_W_UNRESPONSIVE_CARD: "), "{told}");
    }

    #[test]
    fn over_t0_case_1_gets_its_p3_and_case_4_loses_its_le() {
        assert_eq!(*over_t0(&[0, 0x20, 0, 1]).unwrap(), [0, 0x20, 0, 1, 0]);
        for (command, sent) in [
            (&[0x80, 0x12, 0, 0, 0x0B][..], 5),
            (&[0, 0xA4, 0, 4, 2, 0x3F, 0], 7),
            (&[0, 0xA4, 0, 4, 2, 0x3F, 0, 0], 7),
            (&[0, 0xA4, 0, 4, 0, 0], 6),
            (&[0, 0xA4, 0, 4, 2, 0x3F], 6),
            (&[0, 0xA4], 2),
            (&[], 0),
        ] {
            assert_eq!(*over_t0(command).unwrap(), command[..sent], "{command:02X?}");
        }
        let error = over_t0(&[0, 0xA4, 0, 4, 0, 0, 2, 0x3F, 0]).unwrap_err().to_string();
        assert!(error.contains("extended length over T=0"), "{error}");
    }
}
