//! The MAC by which a push of provisioning proves who sent it (ProvBoot, ProvCont 4.3).
//!
//! It is HMAC-SHA1 over the document as it is sent. What the key is made of is the security method: of the IMSI, as the
//! card has it, of a PIN that the user knows, or of both.

use std::fmt;

use dmsc_uicc::coding::bcd;
use hmac::{Hmac, KeyInit, Mac as _};
use sha1::Sha1;
use thiserror::Error;

/// The security method of a push, in its parameter SEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// The key is the IMSI.
    NetwPin,
    /// The key is a PIN that the user enters.
    UserPin,
    /// The key is the IMSI, then the PIN.
    UserNetwPin,
    /// The user enters the MAC itself, with the PIN; it is not in the message.
    UserPinMac,
}

impl Security {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NetwPin, Self::UserPin, Self::UserNetwPin, Self::UserPinMac];

    /// The number in the parameter.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::NetwPin => 0,
            Self::UserPin => 1,
            Self::UserNetwPin => 2,
            Self::UserPinMac => 3,
        }
    }

    /// The method of a number, or of the word that stands for it.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let written = |one: &Self| text.eq_ignore_ascii_case(one.as_str()) || text == one.code().to_string();
        Self::ALL.into_iter().find(written)
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NetwPin => "NETWPIN",
            Self::UserPin => "USERPIN",
            Self::UserNetwPin => "USERNETWPIN",
            Self::UserPinMac => "USERPINMAC",
        }
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a key cannot be made of a text; the text itself may be a secret and is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not an IMSI.
    #[error("an IMSI has 6 to 15 digits")]
    Imsi,
    /// Not a PIN.
    #[error("a PIN has digits only, 1 to 32 of them")]
    Pin,
}

/// The identity of a subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct Imsi(String);

impl Imsi {
    /// An IMSI, 6 to 15 digits (TS 23.003 2.2).
    ///
    /// # Errors
    /// [`KeyError::Imsi`].
    pub fn new(digits: &str) -> Result<Self, KeyError> {
        let right = (6..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        if right { Ok(Self(digits.to_owned())) } else { Err(KeyError::Imsi) }
    }

    /// The semi-octets as EF.IMSI has them after its length: the parity of the number of digits in the first one
    /// (TS 31.102 4.2.2, TS 24.008 10.5.1.4).
    #[must_use]
    pub fn semi_octets(&self) -> Vec<u8> {
        let parity = if self.0.len() % 2 == 1 { '9' } else { '1' };
        // Digits only, so that there is nothing to refuse.
        bcd::from_digits(&format!("{parity}{}", self.0)).unwrap_or_default()
    }
}

impl Imsi {
    /// The one that EF.IMSI holds: its length in octets, then the semi-octets (TS 31.102 4.2.2). None of what cannot be
    /// one.
    #[must_use]
    pub fn of_file(content: &[u8]) -> Option<Self> {
        let (length, rest) = content.split_first()?;
        let digits = bcd::digits(rest.get(..usize::from(*length))?)?;
        // Before the first digit stands whether their number is odd.
        Self::new(digits.get(1..)?).ok()
    }
}

impl fmt::Debug for Imsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Imsi(..)")
    }
}

/// A PIN that the user is told apart from the message.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// A PIN of decimal digits.
    ///
    /// # Errors
    /// [`KeyError::Pin`].
    pub fn new(digits: &str) -> Result<Self, KeyError> {
        let right = (1..=32).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        if right { Ok(Self(digits.to_owned())) } else { Err(KeyError::Pin) }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// What a push is protected with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The IMSI.
    NetwPin(Imsi),
    /// A PIN.
    UserPin(Pin),
    /// Both.
    UserNetwPin(Imsi, Pin),
}

impl Protection {
    /// The method.
    #[must_use]
    pub fn security(&self) -> Security {
        match self {
            Self::NetwPin(_) => Security::NetwPin,
            Self::UserPin(_) => Security::UserPin,
            Self::UserNetwPin(..) => Security::UserNetwPin,
        }
    }

    fn key(&self) -> Vec<u8> {
        match self {
            Self::NetwPin(imsi) => imsi.semi_octets(),
            Self::UserPin(pin) => pin.0.as_bytes().to_vec(),
            Self::UserNetwPin(imsi, pin) => [imsi.semi_octets(), pin.0.as_bytes().to_vec()].concat(),
        }
    }

    /// The MAC of a document.
    #[must_use]
    pub fn mac(&self, document: &[u8]) -> Mac {
        // HMAC takes a key of any length.
        let octets = Hmac::<Sha1>::new_from_slice(&self.key())
            .map(|hmac| hmac.chain_update(document).finalize().into_bytes().into())
            .unwrap_or_default();
        Mac(octets)
    }

    /// Whether a MAC, as the message writes it, is that of the document.
    #[must_use]
    pub fn accepts(&self, document: &[u8], mac: &str) -> bool {
        self.mac(document).to_string().eq_ignore_ascii_case(mac)
    }
}

/// A message authentication code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac(pub [u8; 20]);

impl fmt::Display for Mac {
    /// As the parameter MAC has it: hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dmsc_octets::to_hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::to_hex;

    #[test]
    fn an_imsi_is_the_key_as_the_card_has_it() {
        let octets = |digits| to_hex(&Imsi::new(digits).unwrap().semi_octets());
        // EF.IMSI of the reference card, without its length.
        assert_eq!(octets("001010000000001"), "0910100000000010");
        assert_eq!(octets("00101123456789"), "01101021436587F9");
    }

    #[test]
    fn an_imsi_is_read_from_its_file() {
        for digits in ["001010000000001", "00101123456789", "001010"] {
            let imsi = Imsi::new(digits).unwrap();
            let mut content = imsi.semi_octets();
            content.insert(0, u8::try_from(content.len()).unwrap());
            content.resize(9, 0xFF);
            assert_eq!(Imsi::of_file(&content), Some(imsi));
        }
        for wrong in [&[][..], &[0], &[9, 0x09], &[0xFF; 9], &[1, 0x09]] {
            assert_eq!(Imsi::of_file(wrong), None);
        }
    }

    #[test]
    fn macs() {
        // From RFC 2202, the second case: key "Jefe".
        let mac = |key: &[u8], data: &[u8]| {
            to_hex(&Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes())
        };
        assert_eq!(mac(b"Jefe", b"what do ya want for nothing?"), "EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79");
        let (imsi, pin) = (Imsi::new("001010000000001").unwrap(), Pin::new("1234").unwrap());
        let document = [0x03, 0x0B, 0x6A, 0x00, 0x45];
        let both = Protection::UserNetwPin(imsi.clone(), pin.clone());
        assert_eq!(both.mac(&document).to_string(), mac(b"\x09\x10\x10\x00\x00\x00\x00\x101234", &document));
        assert_eq!(Protection::UserPin(pin).mac(&document).to_string(), mac(b"1234", &document));
        let network = Protection::NetwPin(imsi);
        assert!(network.accepts(&document, &network.mac(&document).to_string().to_lowercase()));
        assert!(!network.accepts(&document, &both.mac(&document).to_string()));
        assert!(!network.accepts(&document, ""));
    }

    #[test]
    fn methods_have_numbers_and_words() {
        for security in Security::ALL {
            assert_eq!(Security::of(security.as_str()), Some(security));
            assert_eq!(Security::of(&security.code().to_string()), Some(security));
        }
        assert_eq!(Security::of("netwpin"), Some(Security::NetwPin));
        assert_eq!(Security::of("4"), None);
    }

    #[test]
    fn keys_are_of_digits_and_are_not_shown() {
        assert_eq!(Imsi::new("00101"), Err(KeyError::Imsi));
        assert_eq!(Imsi::new("00101000000000x"), Err(KeyError::Imsi));
        assert_eq!(Pin::new(""), Err(KeyError::Pin));
        let shown =
            format!("{:?}", Protection::UserNetwPin(Imsi::new("001010000000001").unwrap(), Pin::new("1234").unwrap()));
        assert!(!shown.contains("1234") && !shown.contains("00101"), "{shown}");
    }
}
