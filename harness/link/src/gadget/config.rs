//! What the emulated card looks like on the bus, and how it behaves.

use std::time::Duration;

use dmsc_usb::descriptor::{ClassDescriptor, Variant};
use dmsc_usb::iccd::card::Quirks;
use dmsc_usb::iccd::notice::Notice;
use dmsc_usb::power::Power;
use dmsc_usb::simtrace2::{Board, Generation};

/// Everything that makes the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GadgetConfig {
    /// The USB device controller by the name it has under `/sys/class/udc`; the first one unless given.
    pub udc: Option<String>,
    /// idVendor; the Linux Foundation's unless given.
    pub vendor: u16,
    /// idProduct; that of a FunctionFS gadget unless given.
    pub product: u16,
    /// iManufacturer.
    pub manufacturer: String,
    /// iProduct.
    pub name: String,
    /// iSerialNumber.
    pub serial: String,
    /// The most the device can do; the bus may allow less.
    pub speed: GadgetSpeed,
    /// bMaxPower, in mA.
    pub max_power: u16,
    /// Whether the interface of EEM, where there is one, comes before that of ICCD.
    pub eem_first: bool,
    /// The card by ICCD.
    pub iccd: IccdFunction,
    /// What is answered when the terminal negotiates power (TS 102 600).
    pub power: PowerAnswers,
    /// Whether each session but the first begins with the card unplugged and plugged in again. A terminal that powers
    /// the card at each session by itself does not need it.
    pub reattach: bool,
    /// How long the card stays unplugged then, on the wall: a host takes less than this for a bad contact.
    pub detached_for: Duration,
    /// How long a terminal that left may stay away before the link counts as lost, on the wall. A bus reset, or a
    /// terminal that sets the configuration again, takes less.
    pub absence: Duration,
}

impl Default for GadgetConfig {
    fn default() -> GadgetConfig {
        GadgetConfig {
            udc: None,
            vendor: 0x1D6B,
            product: 0x0105,
            manufacturer: "dmsc".into(),
            name: "USB UICC".into(),
            serial: "1".into(),
            speed: GadgetSpeed::Full,
            max_power: 100,
            eem_first: false,
            iccd: IccdFunction::default(),
            power: PowerAnswers::default(),
            reattach: true,
            detached_for: Duration::from_millis(100),
            absence: Duration::from_secs(3),
        }
    }
}

/// The speeds a UICC can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GadgetSpeed {
    /// 12 Mbit/s, what TS 102 600 has.
    #[default]
    Full,
    /// 480 Mbit/s.
    High,
}

/// The interface of the card.
///
/// FunctionFS lets through any content of the class descriptor, but not another length: that needs raw-gadget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IccdFunction {
    /// How the card speaks.
    pub variant: Variant,
    /// bInterfaceClass, bInterfaceSubClass and bInterfaceProtocol, in place of those of the variant. With another class
    /// than 0B the kernel takes no class descriptor.
    pub class: Option<[u8; 3]>,
    /// The class descriptor; `None` leaves it out.
    pub descriptor: Option<ClassDescriptor>,
    /// Whether there is an interrupt endpoint.
    pub interrupt: bool,
    /// What goes over the interrupt endpoint after the message that there is a card: each so long after the one before.
    pub notices: Vec<(Duration, Notice)>,
    /// The longest part of a response in octets, where responses are chained; `None` follows from the descriptor.
    pub part: Option<usize>,
    /// What a card that is not ready tells the terminal to wait, in units of 10 ms; 0 leaves it to the terminal.
    /// Version B only.
    pub delay: u16,
    /// How long a request of the control variants is held for the player before the terminal is told that the card is
    /// not ready, on the wall. Terminals give up after some seconds.
    pub hold: Duration,
    /// How often the bulk variant asks for more time while the player thinks, on the wall.
    pub extension: Duration,
    /// Whether a message that fills its last packet is followed by an empty one, as it should.
    pub zero_length_packets: bool,
    /// What the card does beside its duty, or against it.
    pub quirks: Quirks,
}

impl IccdFunction {
    /// A card of this variant as the field has it: an interrupt endpoint but for version A.
    #[must_use]
    pub fn of(variant: Variant) -> IccdFunction {
        IccdFunction {
            variant,
            class: None,
            descriptor: Some(ClassDescriptor::of(variant)),
            interrupt: variant != Variant::ControlA,
            notices: Vec::new(),
            part: None,
            delay: 0,
            hold: Duration::from_millis(50),
            extension: Duration::from_millis(500),
            zero_length_packets: true,
            quirks: Quirks::default(),
        }
    }
}

impl Default for IccdFunction {
    fn default() -> IccdFunction {
        IccdFunction::of(Variant::default())
    }
}

/// The card's side of the power negotiation; what is `None` is stalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerAnswers {
    /// What the card can do with.
    pub offer: Option<Power>,
    /// Whether it takes what it is given.
    pub takes: bool,
    /// The octets of its resume time.
    pub resume: Option<[u8; 3]>,
}

impl Default for PowerAnswers {
    /// Class C with 50 mA, anything taken, a resume time of zeros.
    fn default() -> PowerAnswers {
        PowerAnswers { offer: Some(Power::CLASS_C), takes: true, resume: Some([0; 3]) }
    }
}

/// What the board is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GadgetBoardConfig {
    /// The USB device controller by the name it has under `/sys/class/udc`; the first one unless given.
    pub udc: Option<String>,
    /// Which board.
    pub board: Board,
    /// What firmware it behaves like; the last release unless given.
    pub firmware: Generation,
    /// iSerialNumber.
    pub serial: String,
    /// How long the handset holds a reset that breaks off a command; ISO/IEC 7816-3 6.2.3 asks for 400 clock cycles at
    /// least. So long the host has to give an answer that it had under way, without leaving in doubt whose it is.
    pub reset_hold: Duration,
}

impl Default for GadgetBoardConfig {
    fn default() -> GadgetBoardConfig {
        GadgetBoardConfig {
            udc: None,
            board: Board::Simtrace2,
            firmware: Generation::default(),
            serial: "dmsc".into(),
            // A handset that has given up a command is in no hurry.
            reset_hold: Duration::from_millis(300),
        }
    }
}
