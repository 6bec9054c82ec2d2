//! What crosses a link.

/// Names a byte stream within one session.
pub type StreamId = u32;

/// One thing that crosses a link, in either direction.
///
/// The first group is the contact interface of a UICC (ISO/IEC 7816-3 as TS 102 221 uses it), at APDU level; the
/// second are byte streams; the third is the delivery of a notification where no contact interface exists, and what else
/// goes around the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The terminal applies power and releases reset: a cold reset.
    PowerOn,
    /// The terminal resets the card without removing power: a warm reset.
    Reset,
    /// The terminal removes power.
    PowerOff,
    /// The card's answer to reset.
    Atr(Vec<u8>),
    /// A command APDU.
    Command(Vec<u8>),
    /// A response APDU, status word included.
    Response(Vec<u8>),
    /// The link knows that no answer comes to what it carried to the card last.
    Unanswered {
        /// Whether it was power or a reset; a command otherwise.
        reset: bool,
        /// Why none comes, in words.
        why: String,
    },

    /// Open a stream towards the other side.
    Connect(StreamId),
    /// The stream is open.
    Connected(StreamId),
    /// The stream could not be opened; the text is the operating system's.
    Refused(StreamId, String),
    /// Octets of a stream, in order.
    Data(StreamId, Vec<u8>),
    /// The sender closes its direction of the stream, in order after its data.
    Close(StreamId),

    /// A notification message for the DM Client.
    Notify(Vec<u8>),
    /// The notification was handed over and the command that took it has ended.
    Notified,
    /// Wake the DUT by the means its DUT file names, so that it sends a notification.
    Wake,
    /// An act of the person at the bench, by name; only a reference DUT takes it as a signal.
    Act(String),
    /// A short message between the network and the terminal, as its TPDU: one that the network delivers, or one that it
    /// was given. Only a reference terminal takes it, and tells of it, as a signal.
    Sms(Vec<u8>),
    /// The DUT's process has ended; nothing more can come from it.
    Ended(String),
}

impl Signal {
    /// The octets of the message that it carries, if it carries one.
    pub fn octets(&self) -> Option<&[u8]> {
        match self {
            Signal::Atr(octets)
            | Signal::Command(octets)
            | Signal::Response(octets)
            | Signal::Data(_, octets)
            | Signal::Notify(octets)
            | Signal::Sms(octets) => Some(octets),
            _ => None,
        }
    }

    /// The signal's name, for error messages and traces.
    pub fn name(&self) -> &'static str {
        match self {
            Signal::PowerOn => "power on",
            Signal::Reset => "reset",
            Signal::PowerOff => "power off",
            Signal::Atr(_) => "an answer to reset",
            Signal::Command(_) => "a command APDU",
            Signal::Response(_) => "a response APDU",
            Signal::Unanswered { .. } => "the end of an exchange without an answer",
            Signal::Connect(_) => "a connection request",
            Signal::Connected(_) => "a connection",
            Signal::Refused(..) => "a refused connection",
            Signal::Data(..) => "stream data",
            Signal::Close(_) => "the end of a stream",
            Signal::Notify(_) => "a notification",
            Signal::Wake => "a wake-up",
            Signal::Act(_) => "an act of the operator",
            Signal::Sms(_) => "a short message",
            Signal::Notified => "the end of a notification command",
            Signal::Ended(_) => "the end of the DUT's process",
        }
    }
}
