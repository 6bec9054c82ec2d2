//! The documents that are timed.

use dmsc_dm::syncml::Message;
use dmsc_dm::{wbxml, xml};

/// A message in both encodings.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it is.
    pub name: String,
    /// In WBXML.
    pub wbxml: Vec<u8>,
    /// In XML.
    pub xml: Vec<u8>,
}

/// Octets of WBXML that the messages have at least.
const SIZES: [(&str, usize); 4] = [("400 octets", 0), ("12 kB", 12_000), ("100 kB", 100_000), ("1 MB", 1_000_000)];

/// Package#1 as it is, and with so many commands more that it has 12 kB, 100 kB and 1 MB of WBXML.
pub fn messages() -> Vec<Sample> {
    SIZES.iter().filter_map(|(name, octets)| sample(name, &message(*octets))).collect()
}

fn sample(name: &str, message: &Message) -> Option<Sample> {
    Some(Sample { name: name.to_owned(), wbxml: wbxml::encode(message).ok()?, xml: xml::encode(message).ok()? })
}

fn message(octets: usize) -> Message {
    let read = |document: &[u8]| xml::decode(document).map(|decoded| decoded.value).unwrap_or_default();
    let mut message = read(include_bytes!("../../dm/corpus/package1-cred.xml"));
    let more = [
        read(include_bytes!("../../dm/corpus/package2-commands.xml")).commands,
        read(include_bytes!("../../dm/corpus/package3-results.xml")).commands,
    ]
    .concat();
    let size = |commands| wbxml::encode(&Message { commands, ..Message::default() }).map_or(1, |all| all.len());
    // Without the head, which each document has once.
    let each = size(more.clone()).saturating_sub(size(Vec::new())).max(1);
    for _ in 0..octets.div_ceil(each) {
        message.commands.extend(more.iter().cloned());
    }
    message
}

/// Documents made to cost more than their size: name, and XML of about so many octets.
pub fn adversarial(octets: usize) -> Vec<(&'static str, Vec<u8>)> {
    let message = |body: &str| {
        let head = "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
            <SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI></Source>\
            </SyncHdr><SyncBody>";
        format!("{head}{body}</SyncBody></SyncML>").into_bytes()
    };
    let alert = |data: &str| message(&format!("<Alert><CmdID>1</CmdID><Data>{data}</Data></Alert>"));
    let times = |text: &str| text.repeat(octets / text.len());
    let nested = |open: &str, close: &str| times(&(open.repeat(DEEP) + &close.repeat(DEEP)));
    let attributes: String = (0..octets / 10).map(|number| format!(" a{number:05}=''")).collect();
    vec![
        ("equal siblings", message(&times("<Final/>"))),
        ("equal commands", message(&times("<Alert><CmdID>1</CmdID><Data>1</Data></Alert>"))),
        ("siblings with text", message(&times("<Cmd>Get</Cmd>"))),
        ("deep nesting", message(&nested("<Sequence><CmdID>1</CmdID>", "</Sequence>"))),
        ("deep unknown elements", message(&nested("<a>", "</a>"))),
        ("one long text", alert(&"a".repeat(octets))),
        ("references", alert(&times("&amp;"))),
        ("references to numbers", alert(&times("&#x41;"))),
        ("one long attribute", message(&format!("<Final x=\"{}\"/>", "a".repeat(octets)))),
        ("many attributes", message(&format!("<Final{attributes}/>"))),
        ("many namespaces", message(&times("<a xmlns=\"urn:a\"/>"))),
        ("unknown elements", message(&times("<Fly/>"))),
    ]
}

/// Elements inside one another in a document that is deep; nearly as many as are read.
const DEEP: usize = 55;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_their_sizes() {
        let sizes: Vec<usize> = messages().iter().map(|sample| sample.wbxml.len()).collect();
        assert!(sizes[0] > 300 && sizes[0] < 600, "{sizes:?}");
        assert!(sizes.iter().zip([0, 12_000, 100_000, 1_000_000]).all(|(is, least)| *is >= least), "{sizes:?}");
    }

    #[test]
    fn what_is_adversarial_is_well_formed_all_the_same() {
        let Some(expat) = crate::there(crate::Expat::load()) else { return };
        for (name, document) in adversarial(20_000) {
            assert!(expat.read(&document).is_some(), "{name}");
            assert!(document.len() > 15_000, "{name}");
        }
    }
}
