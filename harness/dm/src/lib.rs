//! Codecs of OMA DM 1.2: Package#0, SyncML in XML and WBXML, authentication, the management tree.
//!
//! Everything here is pure: octets or text in, values or one located error out. No I/O, no clock, and no
//! panic on any input. Facts that rest on memory alone say so where they drive behaviour.

mod auth_type;
mod base64;
mod element;
mod irregular;
mod md5;
mod scan;
mod serde_form;
mod word;

pub mod auth;
pub mod document;
pub mod package0;
pub mod style;
pub mod syncml;
pub mod tnds;
pub mod transcode;
pub mod tree;
pub mod wbxml;
pub mod xml;
