//! What a board reports: the lines of the handset, negotiated parameters, and what is configured.

use super::wires::Wires;
use crate::atr::{baud_rate_adjustment, clock_rate_conversion};

/// The lines of the handset, as a status report gives them; unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StatusFlags(pub u32);

impl StatusFlags {
    /// The handset applies power.
    pub const VCC: StatusFlags = StatusFlags(0x01);
    /// The handset applies a clock; no firmware seen measures it, it follows power.
    pub const CLOCK: StatusFlags = StatusFlags(0x02);
    /// Card emulation is active; no firmware seen sets it.
    pub const EMULATION: StatusFlags = StatusFlags(0x04);
    /// The card-detect contact says "present"; no firmware seen sets it.
    pub const CARD_INSERT: StatusFlags = StatusFlags(0x08);
    /// The handset holds reset.
    pub const RESET: StatusFlags = StatusFlags(0x10);

    /// What a report says of these lines; the clock follows power.
    pub(super) const fn of(wires: Wires) -> StatusFlags {
        match (wires.vcc, wires.reset) {
            (false, false) => StatusFlags(0x00),
            (false, true) => StatusFlags(0x10),
            (true, false) => StatusFlags(0x03),
            (true, true) => StatusFlags(0x13),
        }
    }

    /// Both sets of bits.
    #[must_use]
    pub const fn and(self, other: StatusFlags) -> StatusFlags {
        StatusFlags(self.0 | other.0)
    }

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: StatusFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a card would run: power and clock, and reset let go.
    #[must_use]
    pub const fn running(self) -> bool {
        self.has(StatusFlags::VCC) && self.has(StatusFlags::CLOCK) && !self.has(StatusFlags::RESET)
    }
}

impl std::fmt::Display for StatusFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = |bit, on, off| if self.has(bit) { on } else { off };
        write!(
            f,
            "power {}, clock {}, reset {}",
            word(StatusFlags::VCC, "on", "off"),
            word(StatusFlags::CLOCK, "on", "off"),
            word(StatusFlags::RESET, "held", "released")
        )
    }
}

/// A status report. Every field but the flags may be missing: there are firmwares that send less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Status {
    /// The lines.
    pub flags: StatusFlags,
    /// What the handset applies, in millivolts; means nothing on a board that does not measure it.
    pub voltage: Option<u16>,
    /// Index into ISO/IEC 7816-3 table 7.
    pub f: Option<u8>,
    /// Index into ISO/IEC 7816-3 table 8.
    pub d: Option<u8>,
    /// The waiting time integer of the ATR, 10 unless TC2 says otherwise (10.2).
    pub wi: Option<u8>,
    /// The waiting time in etu. Firmwares differ in what they compute: only a hint.
    pub waiting_time: Option<u32>,
}

impl Status {
    /// Reads a report; `None` if not even the flags are there. What follows the known fields is left out.
    pub(super) fn parse(payload: &[u8]) -> Option<Status> {
        let (flags, rest) = payload.split_first_chunk::<4>()?;
        let mut status = Status { flags: StatusFlags(u32::from_le_bytes(*flags)), ..Status::default() };
        let Some((voltage, rest)) = rest.split_first_chunk::<2>() else { return Some(status) };
        status.voltage = Some(u16::from_le_bytes(*voltage));
        status.f = rest.first().copied();
        status.d = rest.get(1).copied();
        status.wi = rest.get(2).copied();
        status.waiting_time = rest.get(3..7).and_then(|t| t.try_into().ok()).map(u32::from_le_bytes);
        Some(status)
    }

    /// Writes the fields up to the first that is missing.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut octets = self.flags.0.to_le_bytes().to_vec();
        let Some(voltage) = self.voltage else { return octets };
        octets.extend(voltage.to_le_bytes());
        for field in [self.f, self.d, self.wi] {
            let Some(field) = field else { return octets };
            octets.push(field);
        }
        octets.extend(self.waiting_time.map(u32::to_le_bytes).into_iter().flatten());
        octets
    }

    /// Clock cycles of an etu; none for a reserved index, or when the report does not say.
    #[must_use]
    pub fn cycles_per_etu(&self) -> Option<u16> {
        let f = clock_rate_conversion(self.f?)?;
        let d = u16::from(baud_rate_adjustment(self.d?)?);
        f.checked_div(d)
    }
}

/// A negotiation of parameters (PPS, ISO/IEC 7816-3 9): what the handset asked for and what the firmware answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pts {
    /// Octets of request and response that count, 3 to 6.
    pub length: u8,
    request: [u8; 6],
    response: [u8; 6],
}

impl Pts {
    /// A request and its answer; what is beyond six octets is left out.
    #[must_use]
    pub fn new(request: &[u8], response: &[u8]) -> Pts {
        let field = |octets: &[u8]| {
            let mut field = [0; 6];
            field.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
            field
        };
        let length = u8::try_from(request.len().min(6)).unwrap_or(6);
        Pts { length, request: field(request), response: field(response) }
    }

    /// What the handset asked for, PPSS and PCK included.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        self.request.get(..usize::from(self.length)).unwrap_or(&self.request)
    }

    /// What the firmware answered.
    #[must_use]
    pub fn response(&self) -> &[u8] {
        self.response.get(..usize::from(self.length)).unwrap_or(&self.response)
    }

    /// PPS1, indexes of F and D; none when it was not negotiated.
    #[must_use]
    pub fn f_and_d(&self) -> Option<(u8, u8)> {
        match self.response() {
            [_, pps0, pps1, ..] if pps0 & 0x10 != 0 => Some((pps1 >> 4, pps1 & 0x0F)),
            _ => None,
        }
    }

    pub(super) fn parse(payload: &[u8]) -> Option<Pts> {
        let (length, rest) = payload.split_first()?;
        let (request, rest) = rest.split_first_chunk::<6>()?;
        let (response, _) = rest.split_first_chunk::<6>()?;
        Some(Pts { length: *length, request: *request, response: *response })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        [&[self.length][..], &self.request, &self.response].concat()
    }
}

/// What is configured. Firmwares differ in how much of it they know; a field they do not know is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Config {
    /// What the firmware does of itself: [`Config::STATUS_BY_INTERRUPT`] is the only bit known.
    pub features: u32,
    /// The slot selected behind an external switch.
    pub mux: Option<u8>,
    /// How the card-detect contact says "present"; see [`Polarity`].
    pub presence: Option<u8>,
}

impl Config {
    /// A status report on the interrupt endpoint whenever a line of the handset changes.
    pub const STATUS_BY_INTERRUPT: u32 = 1;

    pub(super) fn parse(payload: &[u8]) -> Option<Config> {
        let (features, rest) = payload.split_first_chunk::<4>()?;
        Some(Config {
            features: u32::from_le_bytes(*features),
            mux: rest.first().copied(),
            presence: rest.get(1).copied(),
        })
    }

    /// Writes the fields up to the first that is missing.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut octets = self.features.to_le_bytes().to_vec();
        octets.extend(self.mux);
        octets.extend(self.mux.and(self.presence));
        octets
    }
}

/// The level of the card-detect contact that means "present".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Polarity {
    /// Present is low.
    Low,
    /// Present is high.
    High,
}

impl Polarity {
    /// The octet of [`Config::presence`]: bit 1 says that bit 0 counts.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Polarity::Low => 0x02,
            Polarity::High => 0x03,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etu_follows_from_the_indexes() {
        let etu = |f, d| Status { f: Some(f), d: Some(d), ..Status::default() }.cycles_per_etu();
        assert_eq!(etu(1, 1), Some(372));
        assert_eq!(etu(9, 6), Some(16));
        assert_eq!(etu(9, 5), Some(32));
        assert_eq!(etu(7, 1), None);
        assert_eq!(etu(1, 0), None);
        assert_eq!(etu(0x10, 1), None);
        assert_eq!(Status::default().cycles_per_etu(), None);
    }

    #[test]
    fn a_card_runs_with_power_and_clock_and_without_reset() {
        assert!(StatusFlags(0x03).running());
        assert!([0x00, 0x01, 0x02, 0x10, 0x11, 0x13].iter().all(|flags| !StatusFlags(*flags).running()));
        assert_eq!(StatusFlags(0x13).to_string(), "power on, clock on, reset held");
    }

    #[test]
    fn pps1_is_told_from_pps2_and_pps3() {
        assert_eq!(Pts::new(&[0xFF, 0x10, 0x96, 0x79], &[0xFF, 0x10, 0x96, 0x79]).f_and_d(), Some((9, 6)));
        assert_eq!(Pts::new(&[0xFF, 0x00, 0xFF], &[0xFF, 0x00, 0xFF]).f_and_d(), None);
        assert_eq!(Pts::new(&[0xFF, 0x20, 0x96, 0x49], &[0xFF, 0x20, 0x96, 0x49]).f_and_d(), None);
    }
}
