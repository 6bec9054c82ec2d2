//! A side of an IP link over Ethernet frames, in user space and without I/O.
//!
//! [`Node`] is fed frames and the time and gives frames and [`Event`]s of its byte streams. It answers ARP, neighbour
//! solicitations and ping by itself, takes an address by DHCP or from router advertisements as a card does, or gives
//! them as a terminal does. Each rule of addressing is a field of [`IpConfig`], because TS 102 483 was not at hand when
//! this was written.
//!
//! Times are durations since a beginning that the caller chooses.

mod config;
mod dhcp;
mod event;
mod neighbour;
mod network_card;
mod node;
mod router;
mod streams;
#[cfg(test)]
mod tests;

pub use config::{
    Advertisement, ConfigError, DhcpOffer, Host, IpConfig, Ipv4, Ipv6, LOCALUICC, PeerAddress, Target, TargetError,
};
pub use event::{Event, StreamId};
pub use node::Node;
