//! APDUs and what happens on the contacts (TS 102 221 10, 11).

use super::kind::{Declaration, What};
use super::shape::{FieldSpec, Shape};
use super::table::Table;
use super::value::{Octets, Removable, Within, fields};
use crate::role::Role;

fields! {
    /// What a case sets of a command APDU.
    pub struct ApduWith = "apdu.with" {
        /// Class.
        cla: u8 = code,
        /// Instruction.
        ins: u8 = code,
        /// First parameter.
        p1: u8 = code,
        /// Second parameter.
        p2: u8 = code,
        /// Command data.
        data: Octets,
        /// Number of octets expected in the response.
        le: Removable<Within<0, 0x1_0000>>,
        /// The whole command instead of its parts.
        octets: Octets,
    }
}

fields! {
    /// What a case sets of a response APDU.
    pub struct ResponseWith = "apdu.reply" {
        /// Status word, such as 0x9000. 9000 and 91xx apart, the command has no effect.
        sw: u16 = status_word,
        /// Response data.
        data: Octets,
    }
}

fields! {
    /// What a case sets of a TERMINAL PROFILE.
    pub struct ProfileWith = "terminal-profile.with" {
        /// The octets, instead of those of the player.
        profile: Octets,
        /// Facilities not offered.
        off: Vec<Facility>,
        /// Facilities offered besides.
        on: Vec<Facility>,
    }
}

use dmsc_uicc::instruction::Instruction;
use dmsc_uicc::profile::Facility;

pub(super) fn declare(table: &mut Table) {
    table.group::<ApduWith>();
    table.group::<ResponseWith>();
    table.group::<ProfileWith>();
    let length = || FieldSpec::new("length_octets", Shape::COUNT, "Length of the command data in octets.");
    let malformed = |what| FieldSpec::new("malformed", Shape::Text, what);
    let mut command = table.specs_of::<ApduWith>();
    command.retain(|field| field.name != "octets");
    command.extend([length(), malformed("Why the command could not be read; absent when it could.")]);
    table.seen("apdu", command);
    let mut response = vec![FieldSpec::new("to", Shape::Text, "The kind of message that is answered.")];
    response.extend(table.specs_of::<ResponseWith>());
    response.push(malformed("Why the response could not be read; absent when it could."));
    table.seen("response", response);
    table.specs(
        "atr",
        vec![
            FieldSpec::new("atr", Shape::Hex, "The answer to reset."),
            FieldSpec::new("protocols", Shape::Int(0, 15).list(), "The protocols it offers, by number."),
            malformed("Why it could not be read; absent when it could."),
        ],
    );
    let facilities = Shape::Name(Facility::ALL.iter().map(|facility| facility.name()).collect());
    table.seen(
        "terminal-profile",
        vec![
            FieldSpec::new("profile", Shape::Hex, "The octets of the profile."),
            FieldSpec::new("facilities", facilities.list(), "The facilities offered, those that have a name."),
            FieldSpec::new("channels", Shape::Int(0, 7), "Number of channels supported."),
            FieldSpec::new("length_octets", Shape::COUNT, "Length of the profile in octets."),
        ],
    );

    use Role::{Card, Terminal};
    table.kind(
        Declaration::new(Terminal, What::PowerOn, "power-on", "The terminal powers the card.").sent().heard("none"),
    );
    table.kind(
        Declaration::new(Terminal, What::Reset, "reset", "The terminal resets the card without removing power.")
            .sent()
            .heard("none"),
    );
    table.kind(Declaration::new(Card, What::Atr, "atr", "The answer to power-on and reset.").heard("atr"));
    let apdu = |what, name: &'static str, doc: String| {
        Declaration::new(Terminal, what, name, doc).built_of("apdu.with").sent().heard("apdu").answered("apdu.reply")
    };
    // Those whose data have a codec have kinds of their own.
    let coded = [Instruction::TERMINAL_PROFILE, Instruction::TERMINAL_RESPONSE, Instruction::ENVELOPE];
    for one in Instruction::ALL.iter().filter(|one| !coded.contains(one)) {
        table.kind(apdu(What::Apdu(Some(one.ins)), one.name, format!("{}.", one.title)));
    }
    table.kind(apdu(What::Apdu(None), "apdu", "Any other APDU.".into()));
    table.kind(
        Declaration::new(Terminal, What::Profile, "terminal-profile", "TERMINAL PROFILE.")
            .built_of("terminal-profile.with")
            .sent()
            .heard("terminal-profile")
            .answered("apdu.reply")
            .patched(),
    );
    table.kind(
        Declaration::new(Card, What::Response, "response", "The response to an APDU.")
            .built_of("apdu.reply")
            .heard("response")
            .patched(),
    );
}
