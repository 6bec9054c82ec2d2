//! The framing between vpcd and a virtual card: two octets of length, most significant first, then the payload.

/// What vpcd says to the card. A payload of one octet is control, every other one a command APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Power is removed.
    PowerOff,
    /// Power is applied: a cold reset. The question for the ATR follows.
    PowerOn,
    /// A warm reset. The question for the ATR follows.
    Reset,
    /// The ATR is asked for; also asked again and again to learn whether the card is still there, powered or not.
    AtrQuestion,
    /// A command APDU, as long as it came.
    Command(Vec<u8>),
}

/// Why octets from vpcd are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("octet {at} from vpcd: {octet:02X} is no control octet (00, 01, 02 or 04); check that the port is vpcd's")]
pub(super) struct FrameError {
    /// Where it stands, counted from the beginning of the connection.
    pub(super) at: u64,
    /// The octet found.
    pub(super) octet: u8,
}

/// Makes frames of octets that arrive in any pieces. A frame that is no frame is reported once, and skipped.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    /// How much of the buffer has become frames.
    read: usize,
    /// How many octets of the connection stood before the buffer.
    before: u64,
}

impl Frames {
    /// Takes what a read gave.
    pub(super) fn push(&mut self, octets: &[u8]) {
        if self.read == self.buffer.len() {
            self.forget();
        }
        self.buffer.extend_from_slice(octets);
    }

    fn forget(&mut self) {
        self.before = self.before.saturating_add(u64::try_from(self.read).unwrap_or(u64::MAX));
        self.buffer.drain(..self.read);
        self.read = 0;
    }

    /// The next frame that is complete. Empty frames mean nothing and are passed over.
    ///
    /// # Errors
    /// [`FrameError`] for one octet that is no control octet.
    pub(super) fn take(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let rest = self.buffer.get(self.read..).unwrap_or_default();
            let Some((length, rest)) = rest.split_first_chunk() else { break };
            let length = usize::from(u16::from_be_bytes(*length));
            let Some(payload) = rest.get(..length) else { break };
            let at = self.read.saturating_add(2);
            let frame = match payload {
                [] => None,
                [0x00] => Some(Frame::PowerOff),
                [0x01] => Some(Frame::PowerOn),
                [0x02] => Some(Frame::Reset),
                [0x04] => Some(Frame::AtrQuestion),
                [octet] => {
                    let at = self.before.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
                    let error = FrameError { at, octet: *octet };
                    self.read = self.read.saturating_add(3);
                    return Err(error);
                }
                apdu => Some(Frame::Command(apdu.to_vec())),
            };
            self.read = at.saturating_add(length);
            if frame.is_some() {
                return Ok(frame);
            }
        }
        // What is left is the beginning of a frame: it moves to the front, so that the buffer does not grow for ever.
        self.forget();
        Ok(None)
    }

    /// Writes a frame around a payload into `out`, which is cleared before. `None` when the payload is longer than
    /// the 65535 octets that its length can say.
    #[must_use]
    pub(super) fn wrap(payload: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let length = u16::try_from(payload.len()).ok()?;
        out.clear();
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(payload);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(frames: &mut Frames) -> Vec<Result<Frame, FrameError>> {
        std::iter::from_fn(|| frames.take().transpose()).collect()
    }

    #[test]
    fn a_power_up_as_pcscd_does_it() {
        let mut frames = Frames::default();
        frames.push(&[0, 1, 0x04, 0, 1, 0x01, 0, 1, 0x04, 0, 5, 0x00, 0xA4, 0x00, 0x04, 0x02, 0, 1, 0x02, 0, 1, 0x00]);
        let expected = [
            Frame::AtrQuestion,
            Frame::PowerOn,
            Frame::AtrQuestion,
            Frame::Command(vec![0x00, 0xA4, 0x00, 0x04, 0x02]),
            Frame::Reset,
            Frame::PowerOff,
        ];
        assert_eq!(all(&mut frames), expected.map(Ok));
    }

    #[test]
    fn an_unknown_control_octet_is_located_and_passed_over() {
        let mut frames = Frames::default();
        frames.push(&[0, 1, 0x04]);
        assert_eq!(frames.take(), Ok(Some(Frame::AtrQuestion)));
        frames.push(&[0, 0, 0, 1, 0x03, 0, 1, 0x02]);
        let error = FrameError { at: 7, octet: 0x03 };
        assert_eq!(all(&mut frames), [Err(error), Ok(Frame::Reset)]);
        assert_eq!(
            error.to_string(),
            "octet 7 from vpcd: 03 is no control octet (00, 01, 02 or 04); check that the port is vpcd's"
        );
    }

    #[test]
    fn what_is_too_long_for_the_length_is_not_written() {
        let mut out = Vec::new();
        assert_eq!(Frames::wrap(&[0x90, 0x00], &mut out), Some(()));
        assert_eq!(out, [0, 2, 0x90, 0x00]);
        assert_eq!(Frames::wrap(&vec![0; 65535], &mut out), Some(()));
        assert_eq!(out.len(), 65537);
        assert_eq!(Frames::wrap(&vec![0; 65536], &mut out), None);
    }

    fn frame() -> impl Strategy<Value = Frame> {
        prop_oneof![
            Just(Frame::PowerOff),
            Just(Frame::PowerOn),
            Just(Frame::Reset),
            Just(Frame::AtrQuestion),
            prop::collection::vec(any::<u8>(), 2..600).prop_map(Frame::Command),
        ]
    }

    fn payload(frame: &Frame) -> Vec<u8> {
        match frame {
            Frame::PowerOff => vec![0],
            Frame::PowerOn => vec![1],
            Frame::Reset => vec![2],
            Frame::AtrQuestion => vec![4],
            Frame::Command(apdu) => apdu.clone(),
        }
    }

    proptest! {
        #[test]
        fn frames_survive_any_splitting(
            frames in prop::collection::vec(frame(), 0..12),
            cuts in prop::collection::vec(1_usize..40, 1..20),
        ) {
            let mut stream = Vec::new();
            let mut out = Vec::new();
            for frame in &frames {
                Frames::wrap(&payload(frame), &mut out).unwrap();
                stream.extend_from_slice(&out);
            }
            let (mut decoder, mut found) = (Frames::default(), Vec::new());
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                decoder.push(now);
                rest = later;
                while let Some(frame) = decoder.take().unwrap() {
                    found.push(frame);
                }
            }
            prop_assert_eq!(found, frames);
        }

        #[test]
        fn no_octets_make_it_panic_or_loop(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)) {
            let mut decoder = Frames::default();
            for piece in &pieces {
                decoder.push(piece);
                while let Ok(Some(_)) | Err(_) = decoder.take() {}
            }
        }
    }
}
