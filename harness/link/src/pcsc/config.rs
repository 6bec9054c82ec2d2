//! What the DUT file says of a card in a reader.

use std::time::Duration;

use super::Select;

/// Which transmission protocol is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PcscProtocol {
    /// What card and reader agree on.
    #[default]
    Any,
    /// T=0.
    T0,
    /// T=1.
    T1,
}

/// Whether other programs may use the card at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PcscShare {
    /// They may not. What another program does to the card would be taken for the card's own doing.
    #[default]
    Exclusive,
    /// They may; only to look on.
    Shared,
}

/// Which card, and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcscConfig {
    /// Which card is meant.
    pub reader: Select,
    /// The transmission protocol.
    pub protocol: PcscProtocol,
    /// Whether others may use the card.
    pub share: PcscShare,
    /// How long the card may take for one answer, on the wall, before it counts as silent.
    pub limit: Duration,
    /// How long pcscd, the reader and the card may take to appear when the link is opened, on the wall.
    pub appear: Duration,
    /// Whether the card does nothing between commands, as one without a clock of its own: time in which nothing is sent to
    /// it is then not waited for, but counts as passed.
    pub rests: bool,
}

impl Default for PcscConfig {
    fn default() -> PcscConfig {
        PcscConfig {
            reader: Select::Only,
            protocol: PcscProtocol::Any,
            share: PcscShare::Exclusive,
            limit: Duration::from_secs(30),
            appear: Duration::from_secs(10),
            rests: false,
        }
    }
}
