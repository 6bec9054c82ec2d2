//! Both ends of a link to a card for tests: a card that answers what follows from the command, and a terminal that
//! checks it.

use std::time::Duration;

use dmsc_link::{Link, LinkError, Opening, Signal, Time};

/// An ATR as UICCs have it: F = 512, D = 32, T=0 and T=15.
pub const ATR: [u8; 22] = [
    0x3B, 0x9F, 0x96, 0x80, 0x1F, 0x87, 0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, 0x1B, 0x67, 0x4A, 0x4C, 0x75, 0x30, 0x34,
    0x05, 0x4B, 0xA9,
];

/// How long a terminal waits for anything, on the wall.
const LIMIT: Duration = Duration::from_secs(20);

/// The response to a command: as many octets as P1 P2 say, and a status word that tells how many came.
pub fn echo(command: [u8; 4], data: &[u8]) -> Vec<u8> {
    let [_, ins, p1, p2] = command;
    let length = usize::from(u16::from_be_bytes([p1, p2]));
    let sum = data.iter().fold(ins, |sum, octet| sum.wrapping_mul(31).wrapping_add(*octet));
    let mut response: Vec<u8> = (0..length).map(|i| sum.wrapping_add((i % 251) as u8)).collect();
    response.extend([0x91, data.len() as u8]);
    response
}

/// The response to a command APDU.
pub fn respond(apdu: &[u8]) -> Vec<u8> {
    let command = [apdu[0], apdu[1], apdu[2], apdu[3]];
    let data = apdu.get(5..).map_or(&[][..], |data| &data[..usize::from(apdu[4]).min(data.len())]);
    echo(command, data)
}

/// What a card has seen, one letter each: `P`ower on, `R`eset, power `O`ff, `C`ommand.
pub type Seen = String;

/// Plays the card until the link ends or somebody posts [`Signal::Ended`]; gives what it has seen, and why it ended.
pub fn card(link: &mut dyn Link) -> (Seen, Option<LinkError>) {
    let mut seen = String::new();
    loop {
        let letter = match link.recv(Time::NEVER) {
            Ok(Some(Signal::PowerOn)) => 'P',
            Ok(Some(Signal::Reset)) => 'R',
            Ok(Some(Signal::PowerOff)) => 'O',
            Ok(Some(Signal::Command(apdu))) => {
                if let Err(error) = link.send(Signal::Response(respond(&apdu))) {
                    return (seen, Some(error));
                }
                'C'
            }
            Ok(Some(Signal::Ended(_))) => return (seen, None),
            Ok(other) => panic!("{other:?}"),
            Err(error) => return (seen, Some(error)),
        };
        seen.push(letter);
    }
}

/// The terminal's end of a link.
pub struct Terminal<'a> {
    pub link: &'a mut dyn Link,
    state: u64,
}

impl<'a> Terminal<'a> {
    pub fn new(link: &'a mut dyn Link) -> Terminal<'a> {
        link.begin(&Opening::default()).unwrap();
        Terminal { link, state: 0x5EED }
    }

    /// The next pseudo-random number below `below`.
    pub fn random(&mut self, below: u64) -> u64 {
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.state >> 33) % below
    }

    pub fn recv(&mut self) -> Signal {
        let until = self.link.now() + LIMIT;
        self.link.recv(until).unwrap().expect("nothing came")
    }

    /// Powers on or resets, and waits for the ATR. Responses to commands cut off before are no surprise.
    pub fn atr(&mut self, signal: Signal) {
        self.link.send(signal).unwrap();
        loop {
            match self.recv() {
                Signal::Response(_) => {}
                other => {
                    assert_eq!(other, Signal::Atr(ATR.to_vec()));
                    return;
                }
            }
        }
    }

    /// Sends a command, follows 61xx and 6Cxx; gives all data and the last status word.
    pub fn command(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.command_within(apdu, LIMIT).unwrap_or_else(|| panic!("no response to {apdu:02X?}"))
    }

    /// The same, if the card answers each time within so long.
    pub fn command_within(&mut self, apdu: &[u8], limit: Duration) -> Option<Vec<u8>> {
        let (mut next, mut all) = (apdu.to_vec(), Vec::new());
        loop {
            self.link.send(Signal::Command(next.clone())).unwrap();
            let until = self.link.now() + limit;
            let Some(Signal::Response(response)) = self.link.recv(until).unwrap() else { return None };
            let (data, sw) = response.split_at(response.len() - 2);
            all.extend_from_slice(data);
            match *sw {
                [0x61, length] => next = vec![0x00, 0xC0, 0, 0, length],
                [0x6C, length] => next[4] = length,
                _ => {
                    all.extend_from_slice(sw);
                    return Some(all);
                }
            }
        }
    }

    /// A command of a case, with `sent` octets of data and `back` octets expected, and what has to come of it.
    pub fn apdu(case: u64, sent: usize, back: u16) -> (Vec<u8>, Vec<u8>) {
        let [p1, p2] = back.to_be_bytes();
        let data: Vec<u8> = (0..sent).map(|i| (i * 7 + sent) as u8).collect();
        let lc = sent as u8;
        match case {
            1 => (vec![0x00, 0x04, 0, 0], echo([0x00, 0x04, 0, 0], &[])),
            2 => (vec![0x00, 0xB0, p1, p2, p2], echo([0x00, 0xB0, p1, p2], &[])),
            3 => ([&[0x00, 0xD6, 0, 0, lc][..], &data].concat(), echo([0x00, 0xD6, 0, 0], &data)),
            _ => ([&[0x80, 0xC2, p1, p2, lc][..], &data, &[0]].concat(), echo([0x80, 0xC2, p1, p2], &data)),
        }
    }

    pub fn check(&mut self, case: u64, sent: usize, back: u16) {
        let (apdu, wanted) = Self::apdu(case, sent, back);
        assert_eq!(self.command(&apdu), wanted, "case {case}, {sent} octets sent, {back} back");
    }

    /// Commands of all cases: first those whose messages are special on USB, then `count` by chance.
    pub fn exercise(&mut self, count: usize) {
        let special = [47, 48, 50, 111, 114, 175, 178, 239, 242, 255];
        self.check(1, 0, 0);
        for length in special {
            self.check(2, 0, length);
            self.check(3, usize::from(length), 0);
            self.check(4, usize::from(length), length);
        }
        self.check(2, 0, 256);
        self.check(4, 255, 256);
        for _ in 0..count {
            let (case, sent, back) = (self.random(4) + 1, self.random(255) + 1, self.random(257));
            self.check(case, sent as usize, back as u16);
        }
    }
}
