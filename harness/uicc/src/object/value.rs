//! Values of the simple data objects.

use super::{CommandType, GeneralResult};
use crate::channel::{Device, TransportProtocol};
use crate::coding::bcd;

/// Command details (TS 102 223 8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandDetails {
    /// Command number, 01 to FE.
    pub number: u8,
    /// Type of command.
    pub command_type: CommandType,
    /// Command qualifier; its meaning depends on the type.
    pub qualifier: u8,
}

/// Device identities (TS 102 223 8.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceIdentities {
    /// Source device.
    pub source: Device,
    /// Destination device.
    pub destination: Device,
}

/// Result (TS 102 223 8.12).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommandResult {
    /// General result.
    pub general: GeneralResult,
    /// Additional information; its meaning depends on the general result.
    pub additional: Vec<u8>,
}

/// The value of an object that is there or not, and empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Present;

code_table! {
    /// Unit of a duration (TS 102 223 8.8).
    TimeUnit, "unit" {
        Minutes = 0x00, "minutes";
        Seconds = 0x01, "seconds";
        Tenths = 0x02, "tenths";
    }
}

/// Duration (TS 102 223 8.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Unit of the interval.
    pub unit: TimeUnit,
    /// Number of units, 1 to 255; 0 is reserved.
    pub interval: u8,
}

code_table! {
    /// Location status (TS 102 223 8.27).
    LocationStatus, "status" {
        Normal = 0x00, "normal";
        Limited = 0x01, "limited";
        None = 0x02, "none";
    }
}

/// Address (TS 102 223 8.1): type of number and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    ton_npi: u8,
    digits: String,
}

impl Address {
    /// An address of digits `0-9 * # a b c`; `None` on other characters. TON/NPI 91 = international, 81 = unknown.
    #[must_use]
    pub fn new(ton_npi: u8, digits: &str) -> Option<Self> {
        bcd::from_digits(digits).map(|_| Self { ton_npi, digits: digits.to_owned() })
    }

    /// `+digits` is international (91), plain digits are of unknown type (81).
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.strip_prefix('+') {
            Some(digits) => Self::new(0x91, digits),
            None => Self::new(0x81, text),
        }
    }

    /// TON/NPI, then digits. `None` if it is empty or the digits do not decode.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (ton_npi, digits) = octets.split_first()?;
        Some(Self { ton_npi: *ton_npi, digits: bcd::digits(digits)? })
    }

    /// Type of number and numbering plan.
    #[must_use]
    pub const fn ton_npi(&self) -> u8 {
        self.ton_npi
    }

    /// The digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The value octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = vec![self.ton_npi];
        octets.extend(bcd::from_digits(&self.digits).unwrap_or_default());
        octets
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.ton_npi {
            0x91 => write!(f, "+{}", self.digits),
            0x81 => f.write_str(&self.digits),
            other => write!(f, "{} (TON/NPI {other:02X})", self.digits),
        }
    }
}

/// Text string (TS 102 223 8.15).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TextString {
    /// A null text string: no value at all.
    Null,
    /// Text in a coding.
    Coded {
        /// Data coding scheme: 00 GSM 7-bit packed, 04 GSM 8-bit, 08 UCS2.
        dcs: u8,
        /// The coded text.
        octets: Vec<u8>,
    },
}

/// Timer value (TS 102 223 8.38). Each part is 0 to 99, so that wrong values can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimerValue {
    hours: u8,
    minutes: u8,
    seconds: u8,
}

impl TimerValue {
    /// A value of three parts; `None` if one is above 99.
    #[must_use]
    pub const fn new(hours: u8, minutes: u8, seconds: u8) -> Option<Self> {
        if hours > 99 || minutes > 99 || seconds > 99 { None } else { Some(Self { hours, minutes, seconds }) }
    }

    /// Whole seconds as hours, minutes and seconds; above 99:59:59 the largest value.
    #[must_use]
    pub fn from_seconds(seconds: u32) -> Self {
        let seconds = seconds.min(99 * 3600 + 59 * 60 + 59);
        Self { hours: (seconds / 3600) as u8, minutes: (seconds / 60 % 60) as u8, seconds: (seconds % 60) as u8 }
    }

    /// The value in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        u32::from(self.hours) * 3600 + u32::from(self.minutes) * 60 + u32::from(self.seconds)
    }

    /// Whether it is no time of a clock, or more than the 24 hours of a timer.
    #[must_use]
    pub(crate) const fn is_beyond_the_clock(self) -> bool {
        self.hours > 24 || self.minutes > 59 || self.seconds > 59
    }

    /// Three octets of swapped BCD; `None` otherwise.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let [hours, minutes, seconds] = octets else {
            return None;
        };
        Some(Self { hours: bcd::number(*hours)?, minutes: bcd::number(*minutes)?, seconds: bcd::number(*seconds)? })
    }

    /// The three octets.
    #[must_use]
    pub fn encode(self) -> [u8; 3] {
        [self.hours, self.minutes, self.seconds].map(|part| bcd::from_number(part).unwrap_or_default())
    }

    /// Reads `hh:mm:ss`; `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split(':').map(|part| {
            let exact = part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
            exact.then(|| part.parse::<u8>().ok())?
        });
        let value = Self::new(parts.next()??, parts.next()??, parts.next()??)?;
        parts.next().is_none().then_some(value)
    }
}

impl std::fmt::Display for TimerValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hours, self.minutes, self.seconds)
    }
}

/// UICC/terminal interface transport level (TS 102 223 8.59).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransportLevel {
    /// Transport protocol type.
    pub protocol: TransportProtocol,
    /// Port number.
    pub port: u16,
}

impl TransportLevel {
    /// Protocol type and port; `None` if it is not three octets.
    #[must_use]
    pub const fn parse(octets: &[u8]) -> Option<Self> {
        let [protocol, high, low] = octets else {
            return None;
        };
        Some(Self { protocol: TransportProtocol::from_code(*protocol), port: u16::from_be_bytes([*high, *low]) })
    }

    /// The three octets.
    #[must_use]
    pub const fn encode(self) -> [u8; 3] {
        let [high, low] = self.port.to_be_bytes();
        [self.protocol.code(), high, low]
    }
}

/// Bearer description (TS 102 223 8.52).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BearerDescription {
    /// Bearer type: 02 packet data, 03 default bearer, …
    pub bearer: u8,
    /// Bearer parameters.
    pub parameters: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_round_trip() {
        assert_table!(TimeUnit);
        assert_table!(LocationStatus);
    }

    #[test]
    fn timer_values() {
        let minute = TimerValue::parse(&[0x00, 0x10, 0x00]).unwrap();
        assert_eq!((minute.to_string().as_str(), minute.seconds()), ("00:01:00", 60));
        assert_eq!(TimerValue::from_text("23:59:59").unwrap().encode(), [0x32, 0x95, 0x95]);
        assert_eq!(TimerValue::from_seconds(3661).to_string(), "01:01:01");
        for wrong in ["1:00:00", "00:00", "00:00:00:00", "aa:00:00", "+1:00:00"] {
            assert_eq!(TimerValue::from_text(wrong), None, "{wrong}");
        }
        assert_eq!(TimerValue::parse(&[0, 0xA0, 0]), None);
    }

    #[test]
    fn addresses() {
        let address = Address::from_text("+15550000001").unwrap();
        assert_eq!(address.encode(), [0x91, 0x51, 0x55, 0x00, 0x00, 0x00, 0xF1]);
        assert_eq!(Address::parse(&address.encode()), Some(address));
        assert_eq!(Address::from_text("12 34"), None);
        assert_eq!(Address::parse(&[]), None);
    }
}
