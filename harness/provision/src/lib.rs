//! DM accounts as a device is given them before its first session (DMBOOT, ProvCont, ProvBoot).
//!
//! An [`Account`] is written as a document of OMA Client Provisioning ([`cp`]) or as the management object that it is in
//! the device ([`object`]); either travels in a push that its MAC protects ([`Push`], [`Protection`]). All of it is read as well as written. Nothing here does I/O, and no input makes it
//! panic.

pub mod account;
pub mod cp;
pub mod object;
pub mod protection;
pub mod push;
pub mod smart_card;
pub mod sms;

pub use account::{Account, Address, AddressType, AuthType, Credentials, Level};
pub use protection::{Imsi, Mac, Pin, Protection, Security};
pub use push::{Content, Push, PushError};
