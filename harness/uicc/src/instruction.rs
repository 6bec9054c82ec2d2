//! The instructions of the card platform (TS 102 221 10.1.2) that DM_SC meets, and which of them carry secrets.

/// What of a command and its response must not leave the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Secret {
    /// Nothing.
    None,
    /// The command data: PINs and PUKs.
    Command,
    /// The response data: keys.
    Response,
}

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// The instruction octet.
    pub ins: u8,
    /// The name that cases use.
    pub name: &'static str,
    /// The name as the standard writes it.
    pub title: &'static str,
    /// What is secret.
    pub secret: Secret,
}

impl Instruction {
    /// TERMINAL PROFILE (TS 102 223 5.2).
    pub const TERMINAL_PROFILE: &'static Self = &Self::open(0x10, "terminal-profile", "TERMINAL PROFILE");
    /// FETCH (TS 102 221 11.2.3).
    pub const FETCH: &'static Self = &Self::open(0x12, "fetch", "FETCH");
    /// TERMINAL RESPONSE (TS 102 221 11.2.4).
    pub const TERMINAL_RESPONSE: &'static Self = &Self::open(0x14, "terminal-response", "TERMINAL RESPONSE");
    /// ENVELOPE (TS 102 221 11.2.2).
    pub const ENVELOPE: &'static Self = &Self::open(0xC2, "envelope", "ENVELOPE");

    /// Every instruction.
    pub const ALL: &'static [Self] = &[
        Self::open(0xA4, "select", "SELECT"),
        Self::open(0xF2, "status", "STATUS"),
        Self::open(0xB0, "read-binary", "READ BINARY"),
        Self::open(0xB2, "read-record", "READ RECORD"),
        Self::open(0xD6, "update-binary", "UPDATE BINARY"),
        Self::open(0xDC, "update-record", "UPDATE RECORD"),
        Self::open(0xA2, "search-record", "SEARCH RECORD"),
        Self::secret(0x20, "verify-pin", "VERIFY PIN", Secret::Command),
        Self::secret(0x24, "change-pin", "CHANGE PIN", Secret::Command),
        Self::secret(0x26, "disable-pin", "DISABLE PIN", Secret::Command),
        Self::secret(0x28, "enable-pin", "ENABLE PIN", Secret::Command),
        Self::secret(0x2C, "unblock-pin", "UNBLOCK PIN", Secret::Command),
        Self::secret(0x88, "authenticate", "AUTHENTICATE", Secret::Response),
        Self::open(0x70, "manage-channel", "MANAGE CHANNEL"),
        Self::open(0xAA, "terminal-capability", "TERMINAL CAPABILITY"),
        *Self::TERMINAL_PROFILE,
        *Self::ENVELOPE,
        *Self::FETCH,
        *Self::TERMINAL_RESPONSE,
        Self::open(0xC0, "get-response", "GET RESPONSE"),
    ];

    const fn open(ins: u8, name: &'static str, title: &'static str) -> Self {
        Self::secret(ins, name, title, Secret::None)
    }

    const fn secret(ins: u8, name: &'static str, title: &'static str, secret: Secret) -> Self {
        Self { ins, name, title, secret }
    }

    /// The instruction of an octet; none for those that are not named here.
    #[must_use]
    pub fn of(ins: u8) -> Option<&'static Self> {
        Self::ALL.iter().find(|known| known.ins == ins)
    }

    /// The instruction with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|known| known.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique() {
        for instruction in Instruction::ALL {
            assert_eq!(Instruction::of(instruction.ins), Some(instruction));
            assert_eq!(Instruction::from_name(instruction.name), Some(instruction));
            assert_eq!(instruction.title.to_lowercase().replace(' ', "-"), instruction.name);
        }
        assert_eq!((Instruction::of(0x00), Instruction::from_name("apdu")), (None, None));
    }

    #[test]
    fn pins_and_keys_are_secret() {
        let of = |secret| {
            let those = Instruction::ALL.iter().filter(move |known| known.secret == secret);
            those.map(|known| known.ins).collect::<Vec<_>>()
        };
        assert_eq!(of(Secret::Command), [0x20, 0x24, 0x26, 0x28, 0x2C]);
        assert_eq!(of(Secret::Response), [0x88]);
    }
}
