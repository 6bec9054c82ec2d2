//! A card behind programs that send TPDUs of T=0.

use dmsc_usb::t0::{Answer, CardT0, Need};

/// The length of the data and that of the header do not agree.
const WRONG_LENGTH: [u8; 2] = [0x67, 0x00];

/// What becomes of a TPDU.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The card is asked with this APDU.
    Command(Vec<u8>),
    /// It is answered with this, and the card is not asked.
    Answer(Vec<u8>),
}

/// Takes a TPDU as vpcd hands it over: header and data in one piece. A header of four octets is one whose P3 is 00.
pub(super) fn take(card: &mut CardT0, octets: &[u8]) -> Taken {
    let (header, data) = match octets {
        [cla, ins, p1, p2] => ([*cla, *ins, *p1, *p2, 0x00], [].as_slice()),
        [cla, ins, p1, p2, p3, data @ ..] => ([*cla, *ins, *p1, *p2, *p3], data),
        _ => return Taken::Answer(WRONG_LENGTH.into()),
    };
    match card.header(header) {
        Need::Data(length) if length == data.len() => Taken::Command(card.data(data)),
        Need::Data(_) => Taken::Answer(WRONG_LENGTH.into()),
        Need::Command(command) => Taken::Command(command),
        Need::Answer(answer) => Taken::Answer(given(answer)),
    }
}

/// The octets of an answer.
pub(super) fn given(Answer { mut data, sw }: Answer) -> Vec<u8> {
    data.extend(sw.to_be_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_go_one_way_and_the_rest_is_fetched() {
        let mut card = CardT0::new();
        let taken = take(&mut card, &[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00]);
        assert_eq!(taken, Taken::Command(vec![0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00]));
        assert_eq!(given(card.response(&[0x62, 0x01, 0xAA, 0x90, 0x00])), [0x61, 0x03]);
        let fetched = take(&mut card, &[0x00, 0xC0, 0x00, 0x00, 0x03]);
        assert_eq!(fetched, Taken::Answer(vec![0x62, 0x01, 0xAA, 0x90, 0x00]));
    }

    #[test]
    fn what_is_no_tpdu_is_refused_and_a_missing_p3_is_00() {
        let mut card = CardT0::new();
        let refused = Taken::Answer(vec![0x67, 0x00]);
        assert_eq!(take(&mut card, &[0x00, 0xA4, 0x00]), refused);
        assert_eq!(take(&mut card, &[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F]), refused);
        assert_eq!(take(&mut card, &[0x80, 0x12, 0, 0]), Taken::Command(vec![0x80, 0x12, 0, 0, 0]));
    }
}
