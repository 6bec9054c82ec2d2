//! Codecs of the UICC side: APDU, TLV, CAT, SMS and the file system.
//!
//! Octets or text in, values or one located error out. Nothing here does I/O, reads a clock or
//! panics on any input. Code tables keep the values they do not name, so whatever parses
//! re-encodes to the octets it came from; the only thing normalised is the form of a length
//! (`81 05` becomes `05`), and the readers of [`ber`] and [`comprehension`] tell when it differed.

#[macro_use]
mod table;

pub mod apdu;
pub mod atr;
pub mod authentication;
pub mod ber;
pub mod channel;
pub mod class;
pub mod coding;
pub mod command;
pub mod comprehension;
pub mod envelope;
pub mod fields;
pub mod fs;
pub mod instruction;
pub mod irregular;
pub mod layout;
pub mod message;
pub mod object;
pub mod profile;
pub mod response;
pub mod sms;
pub mod spans;
pub mod status;

#[cfg(test)]
mod vectors;
