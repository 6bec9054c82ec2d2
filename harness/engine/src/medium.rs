//! How a player reaches the other side.

/// How a card or a terminal reaches the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Over its contacts.
    Contact,
    /// Over byte streams, with notifications beside them; there is no card then, only its server.
    Streams,
    /// Over both, as a UICC on USB: toolkit commands over ICCD, HTTP over EEM (DM_SC 7.1).
    Both,
}

impl Medium {
    /// Whether there are contacts: power, reset, APDUs, notifications by BIP.
    pub fn has_contact(self) -> bool {
        self != Medium::Streams
    }

    /// Whether HTTP goes over streams and not over BIP.
    pub fn has_streams(self) -> bool {
        self != Medium::Contact
    }
}
