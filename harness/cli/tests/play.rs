//! `dmsc card` against a reader that is played by the test.

#![allow(clippy::unwrap_used, clippy::panic)] // A test stops at what it does not expect.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use common::{dmsc, shown};

/// The reader's end of a vpcd connection.
struct Reader(TcpStream);

impl Reader {
    fn say(&mut self, octets: &[u8]) {
        let length = u16::try_from(octets.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, octets].concat()).unwrap();
    }

    fn hear(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut octets).unwrap();
        octets
    }

    fn ask(&mut self, octets: &[u8]) -> Vec<u8> {
        self.say(octets);
        self.hear()
    }

    /// Power on, and the answer to reset.
    fn power(&mut self) -> Vec<u8> {
        self.say(&[1]);
        self.ask(&[4])
    }
}

/// A card in a process of its own, ended with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn card(listener: &TcpListener, more: &[&str]) -> Process {
    let address = listener.local_addr().unwrap().to_string();
    let child = Command::new(env!("CARGO_BIN_EXE_dmsc"))
        .args(["card", "--vpcd", &address])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Process(child)
}

#[test]
fn a_card_is_served_traced_and_there_again_with_the_state_it_had() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut process = card(&listener, &["--json"]);
    let mut trace = BufReader::new(process.0.stdout.take().unwrap()).lines().map(|line| {
        let message: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        (message["kind"].as_str().unwrap().to_owned(), message["octets"].as_str().unwrap().to_owned())
    });

    let mut reader = Reader(listener.accept().unwrap().0);
    // vpcd asks for the card before it powers it.
    let atr = reader.ask(&[4]);
    assert_eq!(atr.first(), Some(&0x3B));
    assert_eq!(reader.power(), atr);
    let selected = reader.ask(&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00]);
    assert!(selected.starts_with(&[0x62]) && selected.ends_with(&[0x90, 0x00]), "{selected:02X?}");
    assert_eq!(trace.next().unwrap().0, "power-on");
    assert_eq!(trace.next().unwrap().0, "atr");
    assert_eq!(trace.next().unwrap(), ("select".to_owned(), "00A40004023F00".to_owned()));
    assert_eq!(trace.next().unwrap().0, "response");

    // The link is lost, and the card is in the reader again by itself.
    drop(reader);
    let mut reader = Reader(listener.accept().unwrap().0);
    assert_eq!(reader.power(), atr);
    assert_eq!(trace.next().unwrap().0, "power-on");
}

#[test]
fn the_card_of_a_file_is_played() {
    let iccid_of = |more: &[&str]| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _process = card(&listener, more);
        let mut reader = Reader(listener.accept().unwrap().0);
        reader.power();
        reader.ask(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0xE2]);
        reader.ask(&[0x00, 0xB0, 0x00, 0x00, 0x0A])
    };
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cards/pin.yaml");
    let expected = [0x98, 0x88, 0x12, 0x01, 0x00, 0x00, 0x00, 0x00, 0x20, 0xF9, 0x90, 0x00];
    assert_eq!(iccid_of(&["--card", other]), expected);
    assert_ne!(iccid_of(&[]), expected);
    insta::assert_snapshot!(shown(&["card", "--vpcd", "--card", "suite/none.yaml"]));
    insta::assert_snapshot!(shown(&["card", "--vpcd", "--card", "suite/duts/card.yaml"]));
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_a_card_in_good_order() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut process = card(&listener, &[]);
    let mut reader = Reader(listener.accept().unwrap().0);
    reader.power();
    // Whoever tests may be in the background, where SIGINT is ignored, and then it is by what is started, too.
    let interrupted = Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(process.0.wait().unwrap().code(), Some(0));
    let mut told = String::new();
    process.0.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("on vpcd at 127.0.0.1:"), "{told}");
}

#[test]
fn what_cannot_be_played_is_refused_with_what_to_try() {
    insta::assert_snapshot!(shown(&["card"]));
    insta::assert_snapshot!(shown(&["terminal", "--link", "vpcd: {}"]));
    insta::assert_snapshot!(shown(&["card", "--link", "vpdc: {}"]));
    let refused = |command: &[&str], dut: &str| {
        let dut = format!("{}/../../fixtures/duts/{dut}.yaml", env!("CARGO_MANIFEST_DIR"));
        let ran = dmsc(&[command, &["--dut", &dut]].concat());
        assert_eq!(ran.code, 3, "{}", ran.err);
        ran.err
    };
    let told = refused(&["card", "--vpcd"], "reference-terminal");
    assert!(told.contains("a terminal, and a card is to be played; name the file of a card"), "{told}");
    let told = refused(&["terminal", "--reader", "*"], "reference-card");
    assert!(told.contains("a card, and a terminal is to be played; name the file of a terminal"), "{told}");
}

#[test]
fn a_card_ends_in_its_time_though_its_link_never_comes() {
    // Nobody listens there once the listener is gone.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let link = format!("vpcd: {{ address: \"{address}\", appear: 10 min }}");
    let ended = dmsc(&["card", "--link", &link, "--for", "1 s"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, ""), "{}", ended.err);
}
