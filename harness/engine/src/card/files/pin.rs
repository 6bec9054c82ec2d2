//! PINs: VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN (TS 102 221 9.3 to 9.5, 11.1.9 to 11.1.13).

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::fs::PinStatus;
use dmsc_uicc::status::StatusWord;

use super::{Answer, Done};

/// Key references (TS 102 221 9.5.1).
pub(super) const PIN1: u8 = 0x01;
pub(super) const UNIVERSAL: u8 = 0x11;
pub(super) const PIN2: u8 = 0x81;
pub(super) const ADM1: u8 = 0x0A;

/// A PIN, or an administrative key, which works alike.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) reference: u8,
    pub(super) value: [u8; 8],
    /// The UNBLOCK PIN; an administrative key has none.
    pub(super) puk: Option<[u8; 8]>,
    pub(super) enabled: bool,
    pub(super) tries: Tries,
    pub(super) puk_tries: Tries,
    /// Verified in this session, on whatever channel.
    pub(super) verified: bool,
}

/// How many presentations may still fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tries {
    left: u8,
    initial: u8,
}

impl Tries {
    pub(super) fn new(initial: u8) -> Tries {
        Tries { left: initial, initial }
    }

    /// Counts a presentation.
    fn present(&mut self, right: bool) -> Result<(), StatusWord> {
        if self.left == 0 {
            return Err(StatusWord::PIN_BLOCKED);
        }
        if right {
            self.left = self.initial;
            return Ok(());
        }
        self.left = self.left.saturating_sub(1);
        Err(StatusWord::tries_left(self.left))
    }
}

/// The PINs of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pins(pub(super) Vec<Pin>);

impl Pins {
    /// Whether the condition that a PIN be verified is met: it was in this session, or it is disabled. A card without the
    /// PIN does not ask for it.
    pub(super) fn is_met(&self, reference: u8) -> bool {
        self.0.iter().find(|pin| pin.reference == reference).is_none_or(|pin| pin.verified || !pin.enabled)
    }

    /// Takes back the verification of the PINs that are meant.
    pub(super) fn forget(&mut self, meant: impl Fn(u8) -> bool) {
        self.0.iter_mut().filter(|pin| meant(pin.reference)).for_each(|pin| pin.verified = false);
    }

    /// What file control parameters tell of the PINs of a user.
    pub(super) fn statuses(&self) -> Vec<PinStatus> {
        let users = self.0.iter().filter(|pin| !pin.is_administrative());
        users
            .map(|pin| PinStatus {
                reference: pin.reference,
                enabled: pin.enabled,
                usage: (pin.reference == UNIVERSAL).then_some(0x08),
            })
            .collect()
    }

    /// Carries out one of the five commands.
    pub(super) fn command(&mut self, command: &CommandApdu) -> Done {
        if command.p1 != 0x00 {
            // Disabling a PIN in favour of another one (11.1.11) is not offered.
            return Err(StatusWord::WRONG_P1_P2);
        }
        let pin = self.0.iter_mut().find(|pin| pin.reference == command.p2).ok_or(StatusWord::NO_REFERENCE)?;
        match (command.ins, command.data.as_slice()) {
            (0x20, []) => Err(StatusWord::tries_left(pin.tries.left)),
            (0x20, value) => pin.verify(value),
            (0x24, values) => pin.change(values),
            (0x26, value) => pin.enable(value, false),
            (0x28, value) => pin.enable(value, true),
            (_, []) => Err(StatusWord::tries_left(pin.puk_tries.left)),
            (_, values) => pin.unblock(values),
        }?;
        Ok(Answer::ok(Vec::new()))
    }
}

impl Pin {
    fn is_administrative(&self) -> bool {
        matches!(self.reference & 0x1F, 0x0A..=0x0E)
    }

    /// Compares a value, and counts.
    fn present(&mut self, value: &[u8; 8]) -> Result<(), StatusWord> {
        self.tries.present(*value == self.value)?;
        self.verified = true;
        Ok(())
    }

    fn verify(&mut self, value: &[u8]) -> Result<(), StatusWord> {
        let value = value.try_into().map_err(|_| StatusWord::WRONG_LENGTH)?;
        if !self.enabled {
            return Err(StatusWord::INVALIDATED);
        }
        self.present(value)
    }

    fn change(&mut self, values: &[u8]) -> Result<(), StatusWord> {
        let (old, new) = pair(values)?;
        if !self.enabled {
            return Err(StatusWord::INVALIDATED);
        }
        self.present(old)?;
        self.value = *new;
        Ok(())
    }

    fn enable(&mut self, value: &[u8], enable: bool) -> Result<(), StatusWord> {
        let value = value.try_into().map_err(|_| StatusWord::WRONG_LENGTH)?;
        if self.is_administrative() {
            return Err(StatusWord::CONDITIONS_OF_USE);
        }
        if self.enabled == enable {
            return Err(StatusWord::INVALIDATED);
        }
        self.present(value)?;
        self.enabled = enable;
        Ok(())
    }

    /// The UNBLOCK PIN sets a new value, whether or not the PIN was blocked, and enables it.
    fn unblock(&mut self, values: &[u8]) -> Result<(), StatusWord> {
        let (puk, new) = pair(values)?;
        let known = self.puk.ok_or(StatusWord::NO_REFERENCE)?;
        self.puk_tries.present(*puk == known)?;
        self.value = *new;
        self.tries = Tries::new(self.tries.initial);
        self.enabled = true;
        self.verified = true;
        Ok(())
    }
}

/// Two values of eight octets.
fn pair(values: &[u8]) -> Result<(&[u8; 8], &[u8; 8]), StatusWord> {
    let (first, rest) = values.split_first_chunk::<8>().ok_or(StatusWord::WRONG_LENGTH)?;
    Ok((first, rest.try_into().map_err(|_| StatusWord::WRONG_LENGTH)?))
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pin").field("reference", &self.reference).field("tries", &self.tries).finish_non_exhaustive()
    }
}
