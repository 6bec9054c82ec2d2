//! The T=0 character protocol at TPDU level (ISO/IEC 7816-3 clauses 10.3 and 12.2, TS 102 221 7.3.1.1): five octets of
//! header, then data in one direction only.
//!
//! [`CardT0`] puts a card that answers whole APDUs behind T=0; [`Tpdu`] is what a terminal makes of an APDU. What
//! carries the TPDUs (ICCD version A, a SIMtrace2 board) is not known here.
//!
//! ```
//! use dmsc_usb::t0::{Answer, CardT0, Need};
//! let mut card = CardT0::new();
//! // SELECT announces two octets: the terminal is told to send them, and the APDU is whole.
//! assert_eq!(card.header([0x00, 0xA4, 0x00, 0x04, 0x02]), Need::Data(2));
//! assert_eq!(card.data(&[0x3F, 0x00]), vec![0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00]);
//! // The card's data have to be fetched: T=0 has no second direction.
//! assert_eq!(card.response(&[0x62, 0x01, 0xAA, 0x90, 0x00]), Answer { data: vec![], sw: 0x6103 });
//! let fetched = card.header([0x00, 0xC0, 0x00, 0x00, 0x03]);
//! assert_eq!(fetched, Need::Answer(Answer { data: vec![0x62, 0x01, 0xAA], sw: 0x9000 }));
//! ```

/// GET RESPONSE (TS 102 221 12.1.1).
const GET_RESPONSE: u8 = 0xC0;

/// The most that one TPDU carries outwards, in octets: P3 = 00.
const MOST: usize = 256;

/// Which way the data of an instruction go, and whether an answer with data follows data sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the terminal: case 2, or case 1.
    Outgoing,
    /// To the card, which answers with a status word: case 3.
    Incoming,
    /// To the card, which answers with data: case 4.
    Both,
}

/// Instructions whose data go to the card (TS 102 221 table 10.5 and ISO/IEC 7816-4), and whether data come back.
const TO_THE_CARD: &[(u8, Direction)] = &[
    (0x04, Direction::Incoming), // DEACTIVATE FILE
    (0x10, Direction::Incoming), // TERMINAL PROFILE
    (0x14, Direction::Incoming), // TERMINAL RESPONSE
    (0x20, Direction::Incoming), // VERIFY PIN
    (0x24, Direction::Incoming), // CHANGE PIN
    (0x26, Direction::Incoming), // DISABLE PIN
    (0x28, Direction::Incoming), // ENABLE PIN
    (0x2C, Direction::Incoming), // UNBLOCK PIN
    (0x32, Direction::Both),     // INCREASE
    (0x44, Direction::Incoming), // ACTIVATE FILE
    (0x76, Direction::Both),     // SUSPEND UICC
    (0x82, Direction::Incoming), // EXTERNAL AUTHENTICATE
    (0x88, Direction::Both),     // AUTHENTICATE
    (0x89, Direction::Both),     // AUTHENTICATE, odd instruction
    (0xA2, Direction::Both),     // SEARCH RECORD
    (0xA4, Direction::Both),     // SELECT
    (0xAA, Direction::Incoming), // TERMINAL CAPABILITY
    (0xC2, Direction::Both),     // ENVELOPE
    (0xCB, Direction::Both),     // RETRIEVE DATA
    (0xD4, Direction::Incoming), // RESIZE FILE
    (0xD6, Direction::Incoming), // UPDATE BINARY
    (0xDA, Direction::Incoming), // PUT DATA
    (0xDB, Direction::Incoming), // SET DATA
    (0xDC, Direction::Incoming), // UPDATE RECORD
    (0xE0, Direction::Incoming), // CREATE FILE
    (0xE2, Direction::Incoming), // APPEND RECORD, STORE DATA
    (0xE4, Direction::Incoming), // DELETE FILE
    (0xE6, Direction::Incoming), // TERMINATE DF, INSTALL
    (0xE8, Direction::Incoming), // TERMINATE EF, LOAD
];

impl Direction {
    /// The direction of an instruction. T=0 does not tell it, the card has to know; one it does not know is taken as
    /// outgoing, so that the card refuses it before any data are sent.
    ///
    /// The class is not looked at: a card refuses a wrong class itself. `p1` and `p2` tell the variants of SELECT and
    /// MANAGE SECURE CHANNEL apart.
    #[must_use]
    pub fn of(ins: u8, p1: u8, p2: u8) -> Direction {
        match (ins, p1, p2) {
            // SELECT without response data (TS 102 221 table 11.2).
            (0xA4, _, p2) if p2 & 0x0C == 0x0C => Direction::Incoming,
            // MANAGE SECURE CHANNEL: only "retrieve UICC endpoints" sends nothing (11.1.20).
            (0x73, p1, _) if p1 != 0 => Direction::Both,
            // TRANSACT DATA (11.1.21).
            (0x75, _, _) => Direction::Both,
            (ins, _, _) => TO_THE_CARD
                .iter()
                .find(|(known, _)| *known == ins)
                .map_or(Direction::Outgoing, |(_, direction)| *direction),
        }
    }
}

/// What a TPDU is answered with: data, sent after the procedure octet, and the status word.
///
/// Without data, the status word is sent at once in place of a procedure octet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// As many octets as P3 asks for (00 asks for 256), or none.
    pub data: Vec<u8>,
    /// SW1 SW2.
    pub sw: u16,
}

impl Answer {
    fn status(sw: u16) -> Answer {
        Answer { data: Vec::new(), sw }
    }
}

/// What a header asks of the card side.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Ask the terminal for this many octets (1 to 255; procedure octet = INS), then call [`CardT0::data`].
    Data(usize),
    /// Hand this APDU to the card, then call [`CardT0::response`] with what it answers.
    Command(Vec<u8>),
    /// Answer at once; the card is not asked.
    Answer(Answer),
}

/// The card side: tells which way data go, and keeps what has to be fetched.
#[derive(Clone, Debug, Default)]
pub struct CardT0 {
    /// The TPDU under way: its header.
    header: [u8; 5],
    kept: Option<Unfetched>,
}

/// Response data that the terminal has not fetched yet.
#[derive(Clone, Debug)]
struct Unfetched {
    data: Vec<u8>,
    sw: u16,
    /// The command that is to be repeated with another P3; GET RESPONSE fetches when there is none.
    repeat: Option<[u8; 4]>,
}

impl CardT0 {
    /// A card to which nothing was said yet; to be made again at each reset.
    #[must_use]
    pub fn new() -> CardT0 {
        CardT0::default()
    }

    /// Takes a header CLA INS P1 P2 P3.
    pub fn header(&mut self, header: [u8; 5]) -> Need {
        self.header = header;
        let [cla, ins, p1, p2, p3] = header;
        if let Some(kept) = self.kept.take() {
            let fetches = match kept.repeat {
                Some(command) => command == [cla, ins, p1, p2],
                None => ins == GET_RESPONSE,
            };
            if fetches {
                return Need::Answer(self.give(kept));
            }
        }
        match Direction::of(ins, p1, p2) {
            Direction::Outgoing => Need::Command(header.to_vec()),
            Direction::Incoming if p3 == 0 => Need::Command(vec![cla, ins, p1, p2]),
            // Nothing sent, so P3 can only be meant as the expected length.
            Direction::Both if p3 == 0 => Need::Command(header.to_vec()),
            Direction::Incoming | Direction::Both => Need::Data(usize::from(p3)),
        }
    }

    /// Takes the data that [`Need::Data`] asked for; gives the APDU for the card.
    pub fn data(&mut self, data: &[u8]) -> Vec<u8> {
        let [_, ins, p1, p2, _] = self.header;
        let mut apdu = self.header.to_vec();
        apdu.extend_from_slice(data);
        if Direction::of(ins, p1, p2) == Direction::Both {
            apdu.push(0);
        }
        apdu
    }

    /// Takes the card's response APDU; gives what goes to the terminal now. Fewer than two octets are no response and
    /// become 6F00 (no precise diagnosis).
    pub fn response(&mut self, response: &[u8]) -> Answer {
        let [data @ .., sw1, sw2] = response else { return Answer::status(0x6F00) };
        let sw = u16::from_be_bytes([*sw1, *sw2]);
        if data.is_empty() {
            return Answer::status(sw);
        }
        let [cla, ins, p1, p2, _] = self.header;
        let outgoing = Direction::of(ins, p1, p2) == Direction::Outgoing;
        let repeat = (outgoing && data.len() <= MOST).then_some([cla, ins, p1, p2]);
        let kept = Unfetched { data: data.to_vec(), sw, repeat };
        if outgoing {
            return self.give(kept);
        }
        let answer = Answer::status(more(kept.data.len()));
        self.kept = Some(kept);
        answer
    }

    /// Gives as much as P3 asks for; what cannot be given so is kept (ISO/IEC 7816-3 12.2.3: 6Cxx for another
    /// length, 61xx for more than P3 can ask for).
    fn give(&mut self, mut kept: Unfetched) -> Answer {
        let [_, ins, _, _, p3] = self.header;
        let wanted = if p3 == 0 { MOST } else { usize::from(p3) };
        let there = kept.data.len();
        if wanted == there {
            return Answer { data: kept.data, sw: kept.sw };
        }
        if wanted > there || (kept.repeat.is_some() && ins != GET_RESPONSE) {
            self.kept = Some(kept);
            return Answer::status(0x6C00 | low(there));
        }
        let rest = kept.data.split_off(wanted);
        let answer = Answer { data: std::mem::replace(&mut kept.data, rest), sw: more(there - wanted) };
        kept.repeat = None;
        self.kept = Some(kept);
        answer
    }
}

/// 61xx for this many octets; 00 says 256 or more.
fn more(octets: usize) -> u16 {
    0x6100 | if octets > MOST { 0 } else { low(octets) }
}

fn low(octets: usize) -> u16 {
    u16::try_from(octets & 0xFF).unwrap_or_default()
}

/// Why an APDU cannot go over T=0 as one TPDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TpduError {
    /// Not an APDU: shorter than a header, or its lengths do not agree.
    #[error("{octets} octets are no command APDU; check Lc and Le")]
    NoApdu {
        /// Octets given.
        octets: usize,
    },
    /// Extended lengths beyond what P3 can say.
    #[error(
        "T=0 carries 255 octets of data at most, the command has {octets}; split it, or use a link with extended APDUs"
    )]
    TooLong {
        /// Octets of command data, or of expected response, that do not fit.
        octets: usize,
    },
}

/// What a terminal sends for an APDU, and how much can come back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tpdu {
    /// CLA INS P1 P2 P3. Case 1 has P3 = 00.
    pub header: [u8; 5],
    /// Data for the card, 0 to 255 octets.
    pub data: Vec<u8>,
    /// Most octets of data that can come back, 0 to 256. Case 4 has 0: the response is fetched with GET RESPONSE.
    pub expects: usize,
}

impl Tpdu {
    /// Maps a short APDU, or an extended one whose lengths are short, to a TPDU (ISO/IEC 7816-3 12.2). Le of case 4 is
    /// dropped; 61xx and 6Cxx are for the caller to follow.
    ///
    /// # Errors
    /// Any [`TpduError`].
    pub fn from_apdu(apdu: &[u8]) -> Result<Tpdu, TpduError> {
        let no_apdu = TpduError::NoApdu { octets: apdu.len() };
        let [cla, ins, p1, p2, body @ ..] = apdu else { return Err(no_apdu) };
        let (data, le): (&[u8], usize) = match body {
            [] => (&[], 0),
            [le] => (&[], if *le == 0 { MOST } else { usize::from(*le) }),
            [0, high, low] => match u16::from_be_bytes([*high, *low]) {
                0 => return Err(TpduError::TooLong { octets: 0x1_0000 }),
                le => (&[], usize::from(le)),
            },
            [0, high, low, rest @ ..] => {
                let lc = usize::from(u16::from_be_bytes([*high, *low]));
                (split(rest, lc, 2).ok_or(no_apdu)?, 0)
            }
            [lc, rest @ ..] => (split(rest, usize::from(*lc), 1).ok_or(no_apdu)?, 0),
        };
        let length = if data.is_empty() { le } else { data.len() };
        if data.len() > 255 || length > MOST {
            return Err(TpduError::TooLong { octets: length });
        }
        let p3 = u8::try_from(length & 0xFF).unwrap_or_default();
        Ok(Tpdu { header: [*cla, *ins, *p1, *p2, p3], data: data.to_vec(), expects: le })
    }
}

/// `lc` octets (1 or more) of data, followed by nothing or by an Le of `le` octets.
fn split(rest: &[u8], lc: usize, le: usize) -> Option<&[u8]> {
    let data = rest.get(..lc).filter(|data| !data.is_empty())?;
    let after = rest.len() - lc;
    (after == 0 || after == le).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status(sw: u16) -> Answer {
        Answer { data: vec![], sw }
    }

    #[test]
    fn outgoing_commands_go_to_the_card_at_once() {
        let mut card = CardT0::new();
        assert_eq!(card.header([0x80, 0x12, 0, 0, 3]), Need::Command(vec![0x80, 0x12, 0, 0, 3]));
        assert_eq!(card.response(&[1, 2, 3, 0x90, 0]), Answer { data: vec![1, 2, 3], sw: 0x9000 });
        assert!(card.kept.is_none());
        // An instruction nobody knows: the card says so.
        assert_eq!(card.header([0x00, 0xFE, 0, 0, 9]), Need::Command(vec![0x00, 0xFE, 0, 0, 9]));
        assert_eq!(card.response(&[0x6D, 0x00]), status(0x6D00));
    }

    #[test]
    fn a_wrong_length_is_corrected_without_asking_the_card_again() {
        let mut card = CardT0::new();
        card.header([0x80, 0x12, 0, 0, 0]);
        assert_eq!(card.response(&[1, 2, 3, 0x91, 0x10]), status(0x6C03));
        assert_eq!(card.header([0x80, 0x12, 0, 0, 3]), Need::Answer(Answer { data: vec![1, 2, 3], sw: 0x9110 }));
        // Another command in between: what was kept is lost, the card is asked.
        card.header([0x00, 0xB0, 0, 0, 9]);
        assert_eq!(card.response(&[1, 2, 0x90, 0x00]), status(0x6C02));
        assert_eq!(card.header([0x00, 0xB0, 0, 1, 2]), Need::Command(vec![0x00, 0xB0, 0, 1, 2]));
        assert!(card.kept.is_none());
    }

    #[test]
    fn commands_with_data_are_case_3_or_4_by_instruction() {
        let mut card = CardT0::new();
        assert_eq!(card.header([0x80, 0x14, 0, 0, 1]), Need::Data(1));
        assert_eq!(card.data(&[7]), [0x80, 0x14, 0, 0, 1, 7]);
        assert_eq!(card.response(&[0x91, 0x20]), status(0x9120));
        assert_eq!(card.header([0x80, 0xC2, 0, 0, 1]), Need::Data(1));
        assert_eq!(card.data(&[7]), [0x80, 0xC2, 0, 0, 1, 7, 0]);
        // VERIFY PIN without data asks for the retries: case 1.
        assert_eq!(card.header([0x00, 0x20, 0, 1, 0]), Need::Command(vec![0x00, 0x20, 0, 1]));
        // SELECT that wants nothing back is case 3; the MF can be selected without data.
        assert_eq!(card.header([0x00, 0xA4, 0, 0x0C, 2]), Need::Data(2));
        assert_eq!(card.data(&[0x3F, 0]), [0x00, 0xA4, 0, 0x0C, 2, 0x3F, 0]);
        assert_eq!(card.header([0x00, 0xA4, 0, 0x04, 0]), Need::Command(vec![0x00, 0xA4, 0, 0x04, 0]));
    }

    #[test]
    fn a_kept_response_is_fetched_in_parts() {
        let mut card = CardT0::new();
        card.header([0x80, 0xC2, 0, 0, 1]);
        card.data(&[7]);
        let mut long = vec![0x55; 300];
        long.extend([0x90, 0x00]);
        assert_eq!(card.response(&long), status(0x6100));
        let Need::Answer(first) = card.header([0, 0xC0, 0, 0, 0]) else { panic!() };
        assert_eq!((first.data.len(), first.sw), (256, 0x612C));
        assert_eq!(card.header([0, 0xC0, 0, 0, 0x30]), Need::Answer(status(0x6C2C)));
        let Need::Answer(last) = card.header([0, 0xC0, 0, 0, 0x2C]) else { panic!() };
        assert_eq!((last.data.len(), last.sw), (44, 0x9000));
        assert_eq!(card.header([0, 0xC0, 0, 0, 1]), Need::Command(vec![0, 0xC0, 0, 0, 1]));
    }

    #[test]
    fn more_than_p3_can_ask_for_is_announced() {
        let mut card = CardT0::new();
        card.header([0x00, 0xB0, 0, 0, 10]);
        let answer = card.response(&[vec![1; 260], vec![0x90, 0x00]].concat());
        assert_eq!((answer.data.len(), answer.sw), (10, 0x61FA));
        let Need::Answer(rest) = card.header([0, 0xC0, 0, 0, 250]) else { panic!() };
        assert_eq!((rest.data.len(), rest.sw), (250, 0x9000));
        // More than P3, but not more than it could say: another P3.
        card.header([0x00, 0xB0, 0, 0, 10]);
        assert_eq!(card.response(&[vec![1; 11], vec![0x90, 0x00]].concat()), status(0x6C0B));
    }

    #[test]
    fn apdus_become_tpdus() {
        let tpdu = |apdu: &[u8]| Tpdu::from_apdu(apdu).map(|t| (t.header[4], t.data.len(), t.expects));
        assert_eq!(tpdu(&[0, 0x20, 0, 1]), Ok((0, 0, 0)));
        assert_eq!(tpdu(&[0, 0xB0, 0, 0, 0]), Ok((0, 0, 256)));
        assert_eq!(tpdu(&[0, 0xB0, 0, 0, 9]), Ok((9, 0, 9)));
        assert_eq!(tpdu(&[0, 0xD6, 0, 0, 2, 1, 2]), Ok((2, 2, 0)));
        assert_eq!(tpdu(&[0, 0xA4, 0, 4, 2, 0x3F, 0, 0]), Ok((2, 2, 0)));
        assert_eq!(tpdu(&[0, 0xB0, 0, 0, 0, 1, 0]), Ok((0, 0, 256)));
        assert_eq!(tpdu(&[0, 0xA4, 0, 4, 0, 0, 2, 0x3F, 0, 1, 0]), Ok((2, 2, 0)));
        assert_eq!(tpdu(&[0, 0xB0, 0, 0, 0, 1, 1]), Err(TpduError::TooLong { octets: 257 }));
        let long = [vec![0, 0xD6, 0, 0, 0, 1, 0], vec![0; 256]].concat();
        assert_eq!(tpdu(&long), Err(TpduError::TooLong { octets: 256 }));
        assert_eq!(tpdu(&[0, 0xD6, 0, 0, 3, 1]), Err(TpduError::NoApdu { octets: 6 }));
        assert_eq!(tpdu(&[0, 0xD6, 0]), Err(TpduError::NoApdu { octets: 3 }));
    }

    proptest! {
        /// Whatever a card answers to whatever header, a terminal that follows 61xx and 6Cxx gets all of it, once.
        #[test]
        fn everything_the_card_answers_arrives(
            header: [u8; 5],
            data in proptest::collection::vec(any::<u8>(), 0..700),
            sent in proptest::collection::vec(any::<u8>(), 255),
        ) {
            prop_assume!(header[1] != GET_RESPONSE);
            let mut card = CardT0::new();
            let apdu = match card.header(header) {
                Need::Data(count) => card.data(&sent[..count]),
                Need::Command(apdu) => apdu,
                Need::Answer(_) => unreachable!("nothing is kept"),
            };
            prop_assert!(apdu.starts_with(&header[..4]));
            let mut answer = card.response(&[data.clone(), vec![0x91, 0x0C]].concat());
            let mut got = Vec::new();
            for _ in 0..10 {
                got.extend_from_slice(&answer.data);
                let mut next = match answer.sw.to_be_bytes() {
                    [0x61, p3] => [0, GET_RESPONSE, 0, 0, p3],
                    [0x6C, p3] if got.is_empty() => [header[0], header[1], header[2], header[3], p3],
                    [0x6C, p3] => [0, GET_RESPONSE, 0, 0, p3],
                    _ => break,
                };
                answer = match card.header(next) {
                    Need::Answer(answer) => answer,
                    _ => {
                        // 6Cxx to the very GET RESPONSE that fetches a case 4 response.
                        next[1] = GET_RESPONSE;
                        let Need::Answer(answer) = card.header(next) else { panic!("lost") };
                        answer
                    }
                };
                prop_assert!(answer.data.is_empty() || answer.data.len() == usize::from(next[4].wrapping_sub(1)) + 1);
            }
            prop_assert_eq!(got, data);
            prop_assert_eq!(answer.sw, 0x910C);
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, headers: Vec<[u8; 5]>) {
            let _ = Tpdu::from_apdu(&octets);
            let mut card = CardT0::new();
            for header in headers {
                match card.header(header) {
                    Need::Data(count) => drop(card.data(octets.get(..count).unwrap_or(&octets))),
                    Need::Command(_) => drop(card.response(&octets)),
                    Need::Answer(_) => {}
                }
            }
        }
    }
}
