//! ICCD, the USB device class of cards (USB-IF ICCD 1.0, ISO/IEC 7816-12, TS 102 600).
//!
//! Codecs of the three variants, and a machine for each side: [`host`] is what a terminal does, [`card`] what a card
//! does. Machines are fed what came and give what goes, one step at a time, without I/O and without a clock.

pub mod bulk;
pub mod card;
pub mod control;
pub mod failure;
pub mod host;
pub mod notice;
mod parts;
pub mod status;
