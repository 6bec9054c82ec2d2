//! A side of an IP link over Ethernet frames, in user space and without I/O.
//!
//! [`Node`] is fed frames and the time and gives frames; its byte streams are [`crate::Signal`]s. It answers ARP,
//! neighbour solicitations and ping by itself, takes an address by DHCP or from router advertisements as a card does,
//! or gives them as a terminal does. Each rule of addressing is a field of [`IpConfig`], because TS 102 483 was not at
//! hand when this was written.

mod config;
mod dhcp;
mod neighbour;
mod node;
mod router;
mod streams;
#[cfg(test)]
mod tests;
mod wire;

pub use config::{
    Advertisement, ConfigError, DhcpOffer, Host, IpConfig, Ipv4, Ipv6, LOCALUICC, PeerAddress, Target, TargetError,
};
pub use node::Node;
