//! DM sessions, both ends: packages, authentication, the tree of fields a case sees of a message.

mod answer;
pub mod client;
pub mod codec;
pub mod directive;
mod execute;
pub mod large_object;
mod manner;
mod opening;
pub mod server;
pub mod trust;
pub mod user;
pub mod version;
pub mod view;

pub use client::DmClient;
pub use codec::{Encoding, Unreadable};
pub use directive::Directive;
pub use server::DmServer;
