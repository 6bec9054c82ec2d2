//! Both sides of a connection: octets in, events and octets out.

mod alter;
mod client;
mod config;
mod core;
mod endpoint;
mod event;
mod failure;
mod forgive;
mod hello;
mod server;
mod session;
#[cfg(test)]
mod tests;

pub use alter::{Alter, Outgoing};
pub use config::{
    ClientConfig, Config, Fixed, Padding, Renegotiation, ServerConfig, Signal, Split, UnknownIdentity, WrongKey,
};
pub use endpoint::{Client, Endpoint, SendError, Server};
pub use event::{Closure, Direction, Established, Event};
pub use failure::{Cause, Failure};
pub use forgive::Forgive;
pub use session::{Session, SessionCache};
