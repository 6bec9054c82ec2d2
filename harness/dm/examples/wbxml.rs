//! Converts DM messages between XML and WBXML, and prints what a message says.
//!
//! ```text
//! wbxml encode FILE.xml   > FILE.wbxml
//! wbxml decode FILE.wbxml > FILE.xml
//! wbxml transcode FILE    # into the other encoding, without reading a message
//! wbxml tree FILE         # the message's tree form as JSON, from either encoding
//! ```
//!
//! `corpus/compare.sh` uses it to compare this crate with libwbxml.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use dmsc_dm::syncml::{Decoded, Message};
use dmsc_dm::{transcode, wbxml, xml};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [verb, file] = arguments.as_slice() else {
        eprintln!("usage: wbxml encode|decode|transcode|tree FILE");
        return ExitCode::from(2);
    };
    match run(verb, file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let octets = std::fs::read(file)?;
    if verb == "transcode" {
        let decoded = if is_wbxml(&octets) { transcode::to_xml(&octets)? } else { transcode::to_wbxml(&octets)? };
        return Ok(std::io::stdout().write_all(&decoded.value)?);
    }
    let decoded = message(&octets)?;
    for irregular in &decoded.irregular {
        eprintln!("{file}: {irregular}");
    }
    let output = match verb {
        "encode" => wbxml::encode(&decoded.value)?,
        "decode" => xml::encode(&decoded.value)?,
        "tree" => serde_json::to_vec_pretty(&decoded.value)?,
        _ => return Err(format!("`{verb}` is not encode, decode, transcode or tree").into()),
    };
    std::io::stdout().write_all(&output)?;
    Ok(())
}

/// No XML document starts with one of the version octets of WBXML.
fn is_wbxml(octets: &[u8]) -> bool {
    matches!(octets.first(), Some(0x00..=0x03))
}

fn message(octets: &[u8]) -> Result<Decoded<Message>, Box<dyn Error>> {
    if is_wbxml(octets) { Ok(wbxml::decode(octets)?) } else { Ok(xml::decode(octets)?) }
}
