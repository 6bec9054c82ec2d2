//! Status words (TS 102 221 10.2).

/// SW1 SW2 as one number, SW1 in the high octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

/// What a status word asks of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusClass {
    /// `9000`.
    Ok,
    /// `91xx`: done, and a proactive command of that many octets (1..=256) waits to be fetched.
    ProactivePending(u16),
    /// `92xx`: done, with information on the transfer.
    ExtraInformation(u8),
    /// `61xx`: that many response octets (1..=256) wait for GET RESPONSE.
    MoreData(u16),
    /// `6Cxx`: repeat with this Le (1..=256).
    WrongLe(u16),
    /// `9300`: the toolkit is busy; an ENVELOPE is to be repeated later.
    Busy,
    /// `63Cx`: a verification failed or was asked for; that many retries are left.
    Retries(u8),
    /// Other `62xx` and `63xx`: done with a warning.
    Warning,
    /// `64xx`, `65xx`: execution error.
    ExecutionError,
    /// `67xx`: wrong length.
    WrongLength,
    /// `68xx`: a function of CLA is not supported.
    ClassFunction,
    /// `69xx`: command not allowed.
    NotAllowed,
    /// `6Axx`, `6Bxx`: wrong parameters.
    WrongParameters,
    /// `6Dxx`: instruction unknown.
    UnknownInstruction,
    /// `6Exx`: class unknown.
    UnknownClass,
    /// `6Fxx`: technical problem.
    TechnicalProblem,
    /// `98xx`: application error.
    ApplicationError,
    /// Anything else.
    Unknown,
}

impl StatusWord {
    /// `9000`.
    pub const OK: Self = Self(0x9000);
    /// `6282`: warning: the end was reached, or nothing was found.
    pub const EOF: Self = Self(0x6282);
    /// `6283`: warning: the selected file is deactivated.
    pub const DEACTIVATED: Self = Self(0x6283);
    /// `6700`: wrong length.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// `6881`: logical channel not supported or not open.
    pub const NO_CHANNEL: Self = Self(0x6881);
    /// `6882`: secure messaging not supported.
    pub const NO_SECURE_MESSAGING: Self = Self(0x6882);
    /// `6981`: command incompatible with the file structure.
    pub const FILE_STRUCTURE: Self = Self(0x6981);
    /// `6982`: security status not satisfied.
    pub const SECURITY_STATUS: Self = Self(0x6982);
    /// `6983`: PIN or UNBLOCK PIN blocked.
    pub const PIN_BLOCKED: Self = Self(0x6983);
    /// `6984`: what is referenced is invalidated: a deactivated file, a PIN in the wrong state.
    pub const INVALIDATED: Self = Self(0x6984);
    /// `6985`: conditions of use not satisfied.
    pub const CONDITIONS_OF_USE: Self = Self(0x6985);
    /// `6986`: no EF selected.
    pub const NO_EF: Self = Self(0x6986);
    /// `6A80`: wrong data.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// `6A81`: function not supported.
    pub const NOT_SUPPORTED: Self = Self(0x6A81);
    /// `6A82`: file not found.
    pub const FILE_NOT_FOUND: Self = Self(0x6A82);
    /// `6A83`: record not found.
    pub const RECORD_NOT_FOUND: Self = Self(0x6A83);
    /// `6A86`: wrong P1 or P2.
    pub const WRONG_P1_P2: Self = Self(0x6A86);
    /// `6A88`: referenced data, such as a PIN, not found.
    pub const NO_REFERENCE: Self = Self(0x6A88);
    /// `6B00`: offset outside of the file.
    pub const OFFSET: Self = Self(0x6B00);
    /// `6D00`: instruction not supported.
    pub const UNKNOWN_INS: Self = Self(0x6D00);
    /// `6E00`: class not supported.
    pub const UNKNOWN_CLASS: Self = Self(0x6E00);
    /// `6F00`: technical problem.
    pub const TECHNICAL_PROBLEM: Self = Self(0x6F00);
    /// `9850`: INCREASE would exceed the maximum.
    pub const INCREASE_AT_MAXIMUM: Self = Self(0x9850);
    /// `9862`: authentication error: the network's MAC is wrong.
    pub const WRONG_MAC: Self = Self(0x9862);
    /// `9864`: authentication error: security context not supported (TS 31.102 7.3).
    pub const NO_SUCH_CONTEXT: Self = Self(0x9864);

    /// `63Cx`: verification failed, or was asked about; so many tries are left, 15 at most.
    #[must_use]
    pub const fn tries_left(tries: u8) -> Self {
        Self(0x63C0 | if tries > 15 { 15 } else { tries as u16 })
    }

    /// `6Cxx`: Le is wrong; so many octets are there, of which the low eight bits are told.
    #[must_use]
    pub const fn wrong_le(available: usize) -> Self {
        Self(0x6C00 | (available & 0xFF) as u16)
    }

    /// SW1.
    #[must_use]
    pub const fn sw1(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// SW2.
    #[must_use]
    pub const fn sw2(self) -> u8 {
        self.0 as u8
    }

    /// The class of this status word.
    #[must_use]
    pub const fn class(self) -> StatusClass {
        let length = if self.sw2() == 0 { 256 } else { self.sw2() as u16 };
        match (self.sw1(), self.sw2()) {
            (0x90, 0x00) => StatusClass::Ok,
            (0x91, _) => StatusClass::ProactivePending(length),
            (0x92, info) => StatusClass::ExtraInformation(info),
            (0x93, 0x00) => StatusClass::Busy,
            (0x61, _) => StatusClass::MoreData(length),
            (0x6C, _) => StatusClass::WrongLe(length),
            (0x63, sw2) if sw2 & 0xF0 == 0xC0 => StatusClass::Retries(sw2 & 0x0F),
            (0x62 | 0x63, _) => StatusClass::Warning,
            (0x64 | 0x65, _) => StatusClass::ExecutionError,
            (0x67, _) => StatusClass::WrongLength,
            (0x68, _) => StatusClass::ClassFunction,
            (0x69, _) => StatusClass::NotAllowed,
            (0x6A | 0x6B, _) => StatusClass::WrongParameters,
            (0x6D, _) => StatusClass::UnknownInstruction,
            (0x6E, _) => StatusClass::UnknownClass,
            (0x6F, _) => StatusClass::TechnicalProblem,
            (0x98, _) => StatusClass::ApplicationError,
            _ => StatusClass::Unknown,
        }
    }

    /// True if the command was carried out: `9000`, `91xx`, `92xx`, `61xx` and the warnings `62xx`.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.sw1(), 0x91 | 0x92 | 0x61 | 0x62) || self.0 == 0x9000
    }

    /// True for `91xx`, `62F2` and `63F2`: a proactive command waits.
    #[must_use]
    pub const fn has_proactive_pending(self) -> bool {
        self.sw1() == 0x91 || self.0 == 0x62F2 || self.0 == 0x63F2
    }

    /// A short text for logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0x6200 => "warning, no information",
            0x6281 => "warning, data may be corrupt",
            0x6282 => "warning, end of file reached",
            0x6283 => "warning, file invalidated",
            0x6284 | 0x6285 => "warning, file terminated",
            0x62F1 | 0x63F1 => "warning, more data",
            0x62F2 | 0x63F2 => "warning, more data and proactive command pending",
            0x62F3 => "warning, response data available",
            0x6400 => "execution error, memory unchanged",
            0x6500 => "execution error, memory changed",
            0x6581 => "memory problem",
            0x6881 => "logical channel not supported",
            0x6882 => "secure messaging not supported",
            0x6981 => "incompatible with file structure",
            0x6982 => "security status not satisfied",
            0x6983 => "PIN blocked",
            0x6984 => "data invalidated",
            0x6985 => "conditions of use not satisfied",
            0x6986 => "no EF selected",
            0x6989 => "secure channel needed",
            0x6A80 => "wrong data",
            0x6A81 => "function not supported",
            0x6A82 => "file not found",
            0x6A83 => "record not found",
            0x6A84 => "not enough memory",
            0x6A86 => "wrong P1 P2",
            0x6A87 => "Lc inconsistent with P1 P2",
            0x6A88 => "referenced data not found",
            0x9850 => "INCREASE at maximum",
            0x9862 => "authentication error",
            0x9863 => "security session expired",
            0x9864 => "security context not supported, or suspension time too long",
            _ => match self.class() {
                StatusClass::Ok => "ok",
                StatusClass::ProactivePending(_) => "ok, proactive command pending",
                StatusClass::ExtraInformation(_) => "ok, extra information",
                StatusClass::MoreData(_) => "response data available",
                StatusClass::WrongLe(_) => "wrong Le",
                StatusClass::Busy => "toolkit busy",
                StatusClass::Retries(_) => "retries left",
                StatusClass::Warning => "warning",
                StatusClass::ExecutionError => "execution error",
                StatusClass::WrongLength => "wrong length",
                StatusClass::ClassFunction => "function of CLA not supported",
                StatusClass::NotAllowed => "command not allowed",
                StatusClass::WrongParameters => "wrong parameters",
                StatusClass::UnknownInstruction => "instruction not supported",
                StatusClass::UnknownClass => "class not supported",
                StatusClass::TechnicalProblem => "technical problem",
                StatusClass::ApplicationError => "application error",
                StatusClass::Unknown => "unknown status",
            },
        }
    }
}

impl std::fmt::Display for StatusWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        for (sw, class) in [
            (0x9000, StatusClass::Ok),
            (0x9114, StatusClass::ProactivePending(20)),
            (0x9100, StatusClass::ProactivePending(256)),
            (0x9201, StatusClass::ExtraInformation(1)),
            (0x9300, StatusClass::Busy),
            (0x9301, StatusClass::Unknown),
            (0x6102, StatusClass::MoreData(2)),
            (0x6C00, StatusClass::WrongLe(256)),
            (0x63C3, StatusClass::Retries(3)),
            (0x6282, StatusClass::Warning),
            (0x6581, StatusClass::ExecutionError),
            (0x6985, StatusClass::NotAllowed),
            (0x6A82, StatusClass::WrongParameters),
            (0x6D00, StatusClass::UnknownInstruction),
            (0x9862, StatusClass::ApplicationError),
            (0x1234, StatusClass::Unknown),
        ] {
            assert_eq!(StatusWord(sw).class(), class, "{sw:04X}");
        }
    }

    #[test]
    fn counts_in_a_status_word() {
        assert_eq!((StatusWord::tries_left(3), StatusWord::tries_left(200)), (StatusWord(0x63C3), StatusWord(0x63CF)));
        assert_eq!((StatusWord::wrong_le(5), StatusWord::wrong_le(256)), (StatusWord(0x6C05), StatusWord(0x6C00)));
    }

    #[test]
    fn texts_and_predicates() {
        assert_eq!(StatusWord(0x6A82).to_string(), "6A82 (file not found)");
        assert_eq!(StatusWord(0x9114).to_string(), "9114 (ok, proactive command pending)");
        assert!(StatusWord(0x62F2).has_proactive_pending() && StatusWord(0x9100).has_proactive_pending());
        assert!(
            StatusWord(0x6110).is_success() && !StatusWord(0x9300).is_success() && !StatusWord(0x63C0).is_success()
        );
    }
}
