//! The boards that are there.

use std::fmt;

use dmsc_usb::simtrace2::board::{CLASS, VERSION_SUBCLASS};
use dmsc_usb::simtrace2::{Board, Mode};

use crate::usb::info::DeviceInfo;

/// A board, and what its interfaces do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardInfo {
    /// Which board it is.
    pub board: Board,
    /// What is known of the device.
    pub device: DeviceInfo,
    /// Its interfaces but those for updates and for the version, by bInterfaceNumber.
    pub slots: Vec<(u8, Mode)>,
}

impl BoardInfo {
    /// The board that a device is; none if it is another device.
    #[must_use]
    pub fn of(device: &DeviceInfo) -> Option<BoardInfo> {
        let board = Board::from_ids(device.vendor, device.product)?;
        let own = device.interfaces.iter().filter(|interface| {
            let [class, subclass, _] = interface.class;
            class == CLASS && subclass != VERSION_SUBCLASS && interface.alternate == 0
        });
        let slots = own.map(|interface| (interface.number, Mode::from_subclass(interface.class[1]))).collect();
        Some(BoardInfo { board, device: device.clone(), slots })
    }

    /// Whether a card can be played in one of its slots.
    #[must_use]
    pub fn emulates_cards(&self) -> bool {
        self.slots.iter().any(|(_, mode)| *mode == Mode::CardEmulation)
    }
}

impl fmt::Display for BoardInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.board.name(), self.device.path)?;
        if let Some(serial) = &self.device.serial {
            write!(f, ", serial {serial}")?;
        }
        for (number, mode) in &self.slots {
            write!(f, ", interface {number}: {mode}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dmsc_usb::descriptor::Interface;

    use super::*;
    use crate::usb::info::Speed;

    fn device(product: u16, classes: &[[u8; 3]]) -> DeviceInfo {
        let interface = |(number, class): (usize, &[u8; 3])| Interface {
            number: u8::try_from(number).unwrap(),
            alternate: 0,
            class: *class,
            extra: Vec::new(),
            endpoints: Vec::new(),
        };
        DeviceInfo {
            vendor: 0x1D50,
            product,
            path: "3-1.4".into(),
            speed: Speed::Full,
            manufacturer: None,
            name: None,
            serial: Some("0011".into()),
            interfaces: classes.iter().enumerate().map(interface).collect(),
            firmware: None,
            unread: None,
            problem: None,
        }
    }

    #[test]
    fn boards_tell_what_their_firmware_does() {
        // The last interface is that for updates.
        let text = |product, classes: &[[u8; 3]]| BoardInfo::of(&device(product, classes)).map(|b| b.to_string());
        assert_eq!(
            text(0x4004, &[[0xFF, 2, 0], [0xFF, 2, 0], [0xFE, 1, 1]]).unwrap(),
            "sysmoqmod at 3-1.4, serial 0011, interface 0: card emulation, interface 1: card emulation"
        );
        assert_eq!(
            text(0x60E3, &[[0xFF, 1, 0], [0xFE, 1, 1]]).unwrap(),
            "simtrace2 at 3-1.4, serial 0011, interface 0: sniffer"
        );
        assert_eq!(text(0x4001, &[[0xFF, 2, 0], [0xFF, 0xFF, 0]]).unwrap(), text(0x4001, &[[0xFF, 2, 0]]).unwrap());
        assert_eq!(text(0x1234, &[[0xFF, 2, 0]]), None);
        assert!(!BoardInfo::of(&device(0x60E3, &[[0xFF, 0xFF, 0]])).unwrap().emulates_cards());
    }
}
