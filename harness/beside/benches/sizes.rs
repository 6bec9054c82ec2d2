//! Our codecs beside libwbxml and expat: one table of messages by size, and one of documents that are made to cost more
//! than their size.
//!
//! What libwbxml and expat do, we do too, and for their rows: a document is read into a tree, or told of. A row "message"
//! is what dmsc does with a document beyond that: it is read into values of its own, of which the others have none.
//!
//! `cargo bench -p dmsc-beside`. With `-- --test` everything is done once, and the times mean nothing.

use std::hint::black_box;
use std::time::Duration;

use dmsc_beside::{Expat, LibWbxml, Pace, Sample, adversarial, messages, paces};
use dmsc_dm::document::Document;
use dmsc_dm::{transcode, wbxml, xml};

/// What an operation took: ours, and that of the others as far as they have it.
struct Beside {
    ours: Pace,
    libwbxml: Option<Pace>,
    expat: Option<Pace>,
}

struct Others {
    libwbxml: Option<LibWbxml>,
    expat: Option<Expat>,
    /// How long each is timed.
    within: Duration,
}

type Operation = fn(&Others, &Sample) -> Option<Beside>;

const OPERATIONS: [(&str, Operation); 8] = [
    ("WBXML, decode", |others, sample| {
        others.beside_tree(|| drop(black_box(Document::from_wbxml(&sample.wbxml))), &sample.wbxml)
    }),
    ("WBXML, message", |others, sample| {
        others.beside_tree(|| drop(black_box(wbxml::decode(&sample.wbxml))), &sample.wbxml)
    }),
    ("WBXML, encode", |others, sample| {
        let message = wbxml::decode(&sample.wbxml).ok()?.value;
        let tree = others.libwbxml.as_ref().and_then(|libwbxml| libwbxml.decode(&sample.wbxml));
        let theirs = tree.as_ref().map(|tree| || drop(black_box(tree.encode())));
        Some(others.beside(|| drop(black_box(wbxml::encode(&message))), theirs, None::<fn()>))
    }),
    ("XML, decode", |others, sample| {
        others.beside_both(|| drop(black_box(Document::from_xml(&sample.xml))), &sample.xml)
    }),
    ("XML, message", |others, sample| others.beside_both(|| drop(black_box(xml::decode(&sample.xml))), &sample.xml)),
    ("XML, encode", |others, sample| {
        let message = xml::decode(&sample.xml).ok()?.value;
        let tree = others.libwbxml.as_ref().and_then(|libwbxml| libwbxml.decode_xml(&sample.xml));
        let theirs = tree.as_ref().map(|tree| || drop(black_box(tree.encode_xml())));
        Some(others.beside(|| drop(black_box(xml::encode(&message))), theirs, None::<fn()>))
    }),
    ("WBXML to XML", |others, sample| {
        let theirs = others.libwbxml.as_ref().map(|libwbxml| || drop(black_box(libwbxml.to_xml(&sample.wbxml))));
        Some(others.beside(|| drop(black_box(transcode::to_xml(&sample.wbxml))), theirs, None::<fn()>))
    }),
    ("XML to WBXML", |others, sample| {
        let theirs = others.libwbxml.as_ref().map(|libwbxml| || drop(black_box(libwbxml.to_wbxml(&sample.xml))));
        Some(others.beside(|| drop(black_box(transcode::to_wbxml(&sample.xml))), theirs, None::<fn()>))
    }),
];

fn main() {
    let once = std::env::args().any(|argument| argument == "--test");
    let within = if once { Duration::ZERO } else { Duration::from_millis(300) };
    let others = Others { libwbxml: LibWbxml::load(), expat: Expat::load(), within };
    if others.libwbxml.is_none() {
        println!("libwbxml is not installed (Debian: libwbxml2-1): not compared");
    }
    if others.expat.is_none() {
        println!("expat is not installed (Debian: libexpat1): not compared");
    }
    by_size(&others);
    made_to_cost(&others);
}

impl Others {
    fn beside(
        &self,
        mut ours: impl FnMut(),
        mut libwbxml: Option<impl FnMut()>,
        mut expat: Option<impl FnMut()>,
    ) -> Beside {
        let (is_there, reads) = (libwbxml.is_some(), expat.is_some());
        let mut libwbxml = || libwbxml.as_mut().map_or((), |call| call());
        let mut expat = || expat.as_mut().map_or((), |call| call());
        let [ours, libwbxml, expat] = paces(self.within, [&mut ours, &mut libwbxml, &mut expat]);
        Beside { ours, libwbxml: Some(libwbxml).filter(|_| is_there), expat: Some(expat).filter(|_| reads) }
    }

    /// Beside what reads WBXML.
    fn beside_tree(&self, ours: impl FnMut(), octets: &[u8]) -> Option<Beside> {
        let theirs = self.libwbxml.as_ref().map(|libwbxml| || drop(black_box(libwbxml.decode(octets))));
        Some(self.beside(ours, theirs, None::<fn()>))
    }

    /// Beside what reads XML.
    fn beside_both(&self, ours: impl FnMut(), octets: &[u8]) -> Option<Beside> {
        let libwbxml = self.libwbxml.as_ref().map(|libwbxml| || drop(black_box(libwbxml.decode_xml(octets))));
        let expat = self.expat.as_ref().map(|expat| || _ = black_box(expat.read(octets)));
        Some(self.beside(ours, libwbxml, expat))
    }
}

fn by_size(others: &Others) {
    let samples = messages();
    // The small ones come first, in memory that nothing large has been in.
    let columns: Vec<Vec<Option<Beside>>> = samples
        .iter()
        .map(|sample| OPERATIONS.iter().map(|(_, operation)| operation(others, sample)).collect())
        .collect();
    line("", "", samples.iter().map(|sample| sample.name.clone()));
    for (index, (what, _)) in OPERATIONS.iter().enumerate() {
        let rows: Vec<Option<&Beside>> =
            columns.iter().map(|column| column.get(index).and_then(Option::as_ref)).collect();
        let of = |cell: fn(&Beside) -> Option<String>| {
            rows.iter().map(move |row| row.and_then(cell).unwrap_or_else(|| "-".to_owned()))
        };
        line(what, "dmsc", of(|row| Some(shown(row.ours))));
        if rows.iter().flatten().any(|row| row.libwbxml.is_some()) {
            line("", "libwbxml", of(|row| row.libwbxml.map(shown)));
            line("", "times", of(|row| row.libwbxml.map(|theirs| format!("{:.1}", row.ours.times(theirs)))));
        }
        if rows.iter().flatten().any(|row| row.expat.is_some()) {
            line("", "expat", of(|row| row.expat.map(shown)));
            line("", "times", of(|row| row.expat.map(|theirs| format!("{:.1}", row.ours.times(theirs)))));
        }
    }
}

fn line(what: &str, who: &str, cells: impl Iterator<Item = String>) {
    let cells: String = cells.map(|cell| format!("{cell:>12}")).collect();
    println!("{what:<16} {who:<9}{cells}");
}

/// Octets of the documents, ten times apart: where an octet of the greater costs as much as one of the smaller, the time
/// grows linearly.
const OCTETS: [usize; 2] = [100_000, 1_000_000];

fn made_to_cost(others: &Others) {
    println!();
    println!("Nanoseconds an octet, at 100 kB and 1 MB; growth is 1 where the time is linear.");
    println!("{:<22} {:<6}{:>9}{:>9}{:>9}{:>9}{:>9}", "", "", "100 kB", "1 MB", "growth", "expat", "times");
    let [smaller, greater] = OCTETS.map(adversarial);
    for ((name, smaller), (_, greater)) in smaller.into_iter().zip(greater) {
        let read = |document: &[u8]| {
            let expat = others.expat.as_ref().map(|expat| || _ = black_box(expat.read(document)));
            others.beside(|| drop(black_box(xml::decode(document))), None::<fn()>, expat)
        };
        let rows = [read(&smaller), read(&greater)];
        let expat = rows[1].expat.map(|theirs| (theirs.per_octet(greater.len()), rows[1].ours.times(theirs)));
        growth(name, "XML", rows[0].ours.per_octet(smaller.len()), rows[1].ours.per_octet(greater.len()), expat);
        let wbxml = |document: &[u8]| transcode::to_wbxml(document).map(|decoded| decoded.value);
        if let (Ok(smaller), Ok(greater)) = (wbxml(&smaller), wbxml(&greater)) {
            let read = |document: &[u8]| {
                let ours = || drop(black_box(wbxml::decode(document)));
                others.beside(ours, None::<fn()>, None::<fn()>).ours.per_octet(document.len())
            };
            growth("", "WBXML", read(&smaller), read(&greater), None);
        }
    }
}

fn growth(what: &str, encoding: &str, smaller: f64, greater: f64, expat: Option<(f64, f64)>) {
    let grown = greater / smaller;
    let expat = expat.map_or_else(String::new, |(theirs, times)| format!("{theirs:>9.2}{times:>9.1}"));
    println!("{what:<22} {encoding:<6}{smaller:>9.2}{greater:>9.2}{grown:>9.2}{expat}");
}

fn shown(Pace(time): Pace) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.2} us") } else { format!("{:.2} ms", micros / 1000.0) }
}
