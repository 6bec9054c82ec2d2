//! The pages of documentation that are written from schemas and from the table of messages.
//!
//! A key or a field that is added to a schema is in the pages the next time they are written, and a test says when they
//! were not.

mod keys;
mod kinds;

use dmsc_doc::{Definitions, Schema};

use self::keys::{Keys, shared, variants};
use crate::case::{case_schema, definitions, include_schema};
use crate::catalogue::schema;
use crate::dut::dut_schema;
use crate::fault::faults_schema;
use crate::variant::variants_schema;

/// The reference of the case language: keys of cases, settings, steps, includes, matchers, edits and faults, then the
/// kinds of messages and their fields.
pub fn reference() -> String {
    let mut out = String::new();
    let mut keys = Keys::new(&mut out, definitions())
        .says("account", "mapping: keys of an [account](DUT-FILES.md#ixit)")
        .says("setup", "mapping: [setup.card](#fields-setupcard) or [setup.terminal](#fields-setupterminal)")
        .says("until", "a [kind of message](#kinds-of-messages)")
        .says("when", "mapping: [readings](DUT-FILES.md#interpretations)")
        .says("judged", "mapping: [readings](DUT-FILES.md#interpretations)");
    let case = case_schema();
    keys.section("## Keys of a case", shared(&case), "key");
    if let Some(disturbance) = definitions().get("disturbance") {
        keys.section("## Disturbances", shared(disturbance), "key");
    }
    // The keys of a step are the same for both roles; the kinds are not.
    let step = definitions().get("step.card").cloned().unwrap_or(Schema::Any);
    keys.section("## Steps", variants(&step), "step");
    for variant in variants(&step) {
        keys.section(&format!("### `{}`", variant.name), keys::brought(&step, &variant.name), "key");
    }
    keys.section("## Keys of an include", shared(&include_schema(None)), "key");
    keys.section("## Matchers", shared(&schema::matchers()), "key");
    keys.section("## Edits", variants(&schema::edits()), "edit");
    keys.section("## Keys of a fault", shared(&faults_schema()), "key");
    keys.section("## Keys of a variant", shared(&variants_schema()), "key");
    kinds::write(&mut out);
    out
}

/// The kinds of messages and their fields alone.
pub fn messages() -> String {
    let mut out = String::new();
    kinds::write(&mut out);
    out
}

/// The keys of DUT files.
pub fn dut_keys() -> String {
    let (mut out, none) = (String::new(), Definitions::new());
    Keys::new(&mut out, &none).section("### The file", shared(&dut_schema()), "key");
    out
}
