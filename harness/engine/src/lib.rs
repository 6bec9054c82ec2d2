//! The two players, card and terminal, as state machines without I/O or clock.
//!
//! A player is fed signals and the time; it gives signals and events. One and the same player serves as the role the
//! harness plays (it asks how to answer), as the reference DUT on the other side (it answers by itself, correctly or
//! with a fault), and alone.

pub mod account;
pub mod apdu;
pub mod bootstrap;
pub mod card;
mod certificates;
pub mod choice;
pub mod chunks;
pub mod conduit;
pub mod decoded;
pub mod dm;
pub mod event;
pub mod fields;
pub mod http;
mod http_change;
mod http_manner;
pub mod key_log;
mod layer;
pub mod medium;
pub mod messages;
pub mod mutation;
pub mod notation;
pub mod patch;
pub mod player;
pub mod role;
pub mod satisfy;
pub mod scws;
mod service_centre;
pub mod short_message;
pub mod switch;
pub mod template;
pub mod terminal;
mod tls;
pub mod trial;
pub mod trigger_form;
