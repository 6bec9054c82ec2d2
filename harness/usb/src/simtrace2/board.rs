//! The boards that run the card emulation firmware, and what each can do.

/// The vendor id of every board.
pub const VENDOR: u16 = 0x1D50;

/// The class of an interface of these boards: vendor specific.
pub const CLASS: u8 = 0xFF;

/// The subclass of the interface, in a configuration of its own, whose name is the version of the firmware.
pub const VERSION_SUBCLASS: u8 = 0xFF;

/// The largest packet of every endpoint, in octets: the boards are full speed only.
pub const PACKET: usize = 64;

/// A board, as its ids name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Board {
    /// SIMtrace2: one slot; a bus switch between the card on the board and the emulated one.
    Simtrace2,
    /// sysmoQMOD: four modems behind two controllers, of which each is a device with two slots.
    Qmod,
    /// OWHW: two modems on board.
    Owhw,
    /// sysmoOCTSIM tester: one slot with an eightfold switch in front of it.
    OctSimTest,
    /// ngff-cardem: a carrier for an M.2 modem.
    NgffCardem,
}

impl Board {
    /// Every board that is known.
    pub const ALL: [Board; 5] = [Board::Simtrace2, Board::Qmod, Board::Owhw, Board::OctSimTest, Board::NgffCardem];

    /// The board with these ids; none for a device that is none of them.
    #[must_use]
    pub fn from_ids(vendor: u16, product: u16) -> Option<Board> {
        Board::ALL.into_iter().find(|board| vendor == VENDOR && board.product() == product)
    }

    /// The board with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Board> {
        Board::ALL.into_iter().find(|board| board.name() == name)
    }

    /// The product id.
    #[must_use]
    pub const fn product(self) -> u16 {
        match self {
            Board::Simtrace2 => 0x60E3,
            Board::Qmod => 0x4004,
            Board::Owhw => 0x4001,
            Board::OctSimTest => 0x616D,
            Board::NgffCardem => 0x616E,
        }
    }

    /// The name, as a DUT file and a device list give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Board::Simtrace2 => "simtrace2",
            Board::Qmod => "sysmoqmod",
            Board::Owhw => "owhw",
            Board::OctSimTest => "octsimtest",
            Board::NgffCardem => "ngff-cardem",
        }
    }

    /// What the board and its firmware can do.
    #[must_use]
    pub const fn abilities(self) -> Abilities {
        Abilities {
            presence: matches!(self, Board::Owhw | Board::OctSimTest | Board::NgffCardem),
            presence_polarity: matches!(self, Board::NgffCardem),
            voltage: matches!(self, Board::Qmod | Board::OctSimTest | Board::NgffCardem),
            modem_reset: matches!(self, Board::Qmod | Board::NgffCardem),
            muxed_slots: if matches!(self, Board::OctSimTest) { 8 } else { 1 },
            select_power_cycles: matches!(self, Board::NgffCardem),
            ..Abilities::NONE
        }
    }
}

/// What a board can do. Whatever is false here cannot be tested with it: such a test says so instead of failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// It drives the card-detect contact, so that a card can be put in and taken out.
    pub presence: bool,
    /// The level that means "present" can be chosen.
    pub presence_polarity: bool,
    /// It measures the voltage the handset applies; elsewhere the field of a status report means nothing.
    pub voltage: bool,
    /// The reset line of the modem is wired.
    pub modem_reset: bool,
    /// Slots behind an external switch; 1 where there is none.
    pub muxed_slots: u8,
    /// Selecting the emulated card cycles the power of the modem.
    pub select_power_cycles: bool,
    /// It can send parity errors, or octets at the wrong time.
    pub line_faults: bool,
    /// It can ask for data octet by octet (procedure octet INS xor FF): the firmware waits for all of them.
    pub single_octets: bool,
    /// It can refuse a PPS, or change it: the firmware echoes every valid one.
    pub pps_faults: bool,
    /// The NULL octets at half of the waiting time can be switched off, so that a card is mute after its ATR.
    pub silence: bool,
    /// T=1.
    pub t1: bool,
}

impl Abilities {
    const NONE: Abilities = Abilities {
        presence: false,
        presence_polarity: false,
        voltage: false,
        modem_reset: false,
        muxed_slots: 1,
        select_power_cycles: false,
        line_faults: false,
        single_octets: false,
        pps_faults: false,
        silence: false,
        t1: false,
    };
}

/// What an interface of a board does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Emulates a card: what a link needs.
    CardEmulation,
    /// Listens between a card and a handset.
    Sniffer,
    /// Anything else, by its subclass.
    Other(u8),
}

impl Mode {
    /// The mode of an interface of class [`CLASS`].
    #[must_use]
    pub const fn from_subclass(subclass: u8) -> Mode {
        match subclass {
            1 => Mode::Sniffer,
            2 => Mode::CardEmulation,
            other => Mode::Other(other),
        }
    }

    /// The subclass on the wire.
    #[must_use]
    pub const fn subclass(self) -> u8 {
        match self {
            Mode::Sniffer => 1,
            Mode::CardEmulation => 2,
            Mode::Other(other) => other,
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mode::CardEmulation => f.write_str("card emulation"),
            Mode::Sniffer => f.write_str("sniffer"),
            Mode::Other(subclass) => write!(f, "subclass {subclass:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_known_by_ids_and_by_name() {
        for board in Board::ALL {
            assert_eq!(Board::from_ids(VENDOR, board.product()), Some(board));
            assert_eq!(Board::from_name(board.name()), Some(board));
        }
        assert_eq!(Board::from_ids(0x1D50, 0x60E3), Some(Board::Simtrace2));
        assert_eq!(Board::from_ids(0x1D6B, 0x60E3), None);
        assert_eq!(Board::from_name("simtrace"), None);
    }

    #[test]
    fn the_board_without_a_converter_measures_nothing() {
        assert!(!Board::Simtrace2.abilities().voltage && !Board::Simtrace2.abilities().modem_reset);
        assert!(Board::NgffCardem.abilities().presence_polarity);
        assert_eq!(Board::OctSimTest.abilities().muxed_slots, 8);
        assert!(Board::ALL.iter().all(|board| !board.abilities().t1));
    }

    #[test]
    fn modes_round_trip() {
        for subclass in 0..=u8::MAX {
            assert_eq!(Mode::from_subclass(subclass).subclass(), subclass);
        }
        assert_eq!(Mode::from_subclass(0xFF).to_string(), "subclass FF");
    }
}
