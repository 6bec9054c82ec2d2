//! Short messages that carry a Package#0 (TS 23.040 9.2, WAP-230 8.2.4, OMA push over SMS).

mod cdma;
mod tpdu;
mod user_data;
mod wsp;

pub use cdma::{CdmaDatagram, CdmaMessage, CdmaWay, WAP_TELESERVICE};
pub use tpdu::{Deliver, SmsAddress, Submit};
pub use user_data::{Concatenation, Division, InformationElement, Ports, UserData, join, split};
pub use wsp::{MediaType, WspPush};

/// Destination port of a push without security.
pub const PUSH_PORT: u16 = 2948;
/// Source port of a push.
pub const PUSH_SOURCE_PORT: u16 = 9200;

/// Why octets are not a short message. Positions count octets from the start of what is being read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmsError {
    /// The octets end early.
    #[error("octet {at}: {what} needs {wanted} octets and {left} are left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it starts.
        at: usize,
        /// Octets it needs.
        wanted: usize,
        /// Octets there are.
        left: usize,
    },
    /// Octets follow the end.
    #[error("octet {at}: {count} octets follow the {what}; check the length before it")]
    Trailing {
        /// What was being read.
        what: &'static str,
        /// Where it ends.
        at: usize,
        /// Octets after it.
        count: usize,
    },
    /// An octet has a value that the message cannot have.
    #[error("octet {at}: {what} is {found:02X} where {expected} is needed")]
    Value {
        /// What was being read.
        what: &'static str,
        /// Where it is.
        at: usize,
        /// The octet found.
        found: u8,
        /// What may stand there, in words.
        expected: &'static str,
    },
    /// Something that the message needs is not there.
    #[error("the message has no {what}")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// More than one octet of length can count.
    #[error("{what} of {found} octets is too long; {most} is the most")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Octets given.
        found: usize,
        /// Octets allowed.
        most: usize,
    },
}

/// Reads octets and tells where they end.
pub(crate) struct Reader<'a> {
    octets: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    pub(crate) fn take(&mut self, what: &'static str, wanted: usize) -> Result<&'a [u8], SmsError> {
        let left = self.octets.len().saturating_sub(self.at);
        let end = self.at.checked_add(wanted);
        let taken = end.and_then(|end| self.octets.get(self.at..end));
        let taken = taken.ok_or(SmsError::Truncated { what, at: self.at, wanted, left })?;
        self.at += wanted;
        Ok(taken)
    }

    pub(crate) fn octet(&mut self, what: &'static str) -> Result<u8, SmsError> {
        self.take(what, 1).map(|taken| taken.first().copied().unwrap_or_default())
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        self.at = self.octets.len();
        rest
    }

    pub(crate) fn end(&self, what: &'static str) -> Result<(), SmsError> {
        match self.octets.len().saturating_sub(self.at) {
            0 => Ok(()),
            count => Err(SmsError::Trailing { what, at: self.at, count }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};

    const PACKAGE0: &str = "EA25F7D396E6087D04B3F10836A3FF080318000000000110646D73632E6578616D706C652E6F7267";
    const SUBMIT: &str = "41000B915155214365F700F5350605040B8423F0010603C4AF87";
    const DELIVER: &str = "440B915155214365F700F552012101000000350605040B8423F0010603C4AF87";

    fn user_data() -> UserData {
        let push = WspPush::notification(1, &from_hex(PACKAGE0).unwrap());
        UserData::octets(&[Ports::PUSH.element()], &push.encode())
    }

    #[test]
    fn submit_of_a_trigger() {
        let hex = format!("{SUBMIT}{PACKAGE0}");
        let submit = Submit::parse(&from_hex(&hex).unwrap()).unwrap();
        assert_eq!(to_hex(&submit.encode().unwrap()), hex);
        assert_eq!((submit.destination.to_string().as_str(), submit.pid, submit.dcs), ("+15551234567", 0, 0xF5));
        let ports = submit.user_data.ports().unwrap();
        assert_eq!((ports.destination, ports.source), (PUSH_PORT, PUSH_SOURCE_PORT));
        let push = WspPush::parse(&submit.user_data.body).unwrap();
        assert!(push.is_notification());
        assert_eq!(push.application_id().unwrap(), Some(MediaType::Code(0x07)));
        assert_eq!(to_hex(&push.body), PACKAGE0);
        let built = Submit::new(SmsAddress::from_text("+15551234567").unwrap(), 0xF5, user_data());
        assert_eq!(built, submit);
    }

    #[test]
    fn deliver_of_a_trigger() {
        let hex = format!("{DELIVER}{PACKAGE0}");
        let deliver = Deliver::parse(&from_hex(&hex).unwrap()).unwrap();
        assert_eq!(to_hex(&deliver.encode().unwrap()), hex);
        let timestamp = [0x52, 0x01, 0x21, 0x01, 0x00, 0x00, 0x00];
        let built = Deliver::new(SmsAddress::from_text("+15551234567").unwrap(), 0xF5, timestamp, user_data());
        assert_eq!(built, deliver);
    }

    #[test]
    fn damaged_messages_say_where() {
        let octets = from_hex(&format!("{SUBMIT}{PACKAGE0}")).unwrap();
        let cut = Submit::parse(&octets[..octets.len() - 1]).unwrap_err();
        assert_eq!(cut.to_string(), "octet 13: user data needs 53 octets and 52 are left");
        let mut long = octets.clone();
        long.push(0);
        assert_eq!(
            Submit::parse(&long).unwrap_err().to_string(),
            "octet 66: 1 octets follow the user data; check the length before it"
        );
        assert!(Deliver::parse(&octets).unwrap_err().to_string().contains("message type"));
        let mut header = octets;
        header[13] = 0xFF;
        assert!(matches!(Submit::parse(&header), Err(SmsError::Truncated { what: "user data header", .. })));
    }
}
