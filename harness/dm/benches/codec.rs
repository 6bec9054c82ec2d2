//! Decoding and encoding of DM messages in both encodings, by size: Package#1, and mixes of commands around it.
//!
//! `cargo bench -p dmsc-dm`. The times of one size to the next show whether the growth is linear.

use divan::Bencher;
use divan::counter::BytesCount;
use dmsc_dm::syncml::Message;
use dmsc_dm::{wbxml, xml};

/// Octets of WBXML at least.
const SIZES: [usize; 3] = [0, 12_000, 400_000];

fn main() {
    divan::main();
}

/// Package#1 with so many commands more that it has `octets` in WBXML.
fn message(octets: usize) -> Message {
    let read = |document: &[u8]| xml::decode(document).map(|decoded| decoded.value).unwrap_or_default();
    let mut message = read(include_bytes!("../corpus/package1-cred.xml"));
    let more = [
        read(include_bytes!("../corpus/package2-commands.xml")).commands,
        read(include_bytes!("../corpus/package3-results.xml")).commands,
    ]
    .concat();
    while wbxml::encode(&message).map_or(octets, |encoded| encoded.len()) < octets {
        for _ in 0..octets / 2_000 {
            message.commands.extend(more.iter().cloned());
        }
    }
    message
}

#[divan::bench(args = SIZES)]
fn decode_wbxml(bencher: Bencher<'_, '_>, size: usize) {
    let octets = wbxml::encode(&message(size)).unwrap_or_default();
    bencher.counter(BytesCount::new(octets.len())).bench(|| wbxml::decode(&octets));
}

#[divan::bench(args = SIZES)]
fn decode_xml(bencher: Bencher<'_, '_>, size: usize) {
    let octets = xml::encode(&message(size)).unwrap_or_default();
    bencher.counter(BytesCount::new(octets.len())).bench(|| xml::decode(&octets));
}

#[divan::bench(args = SIZES)]
fn encode_wbxml(bencher: Bencher<'_, '_>, size: usize) {
    let message = message(size);
    bencher.bench(|| wbxml::encode(&message));
}

#[divan::bench(args = SIZES)]
fn encode_xml(bencher: Bencher<'_, '_>, size: usize) {
    let message = message(size);
    bencher.bench(|| xml::encode(&message));
}
