//! The chunked transfer coding, undone as its octets arrive (RFC 9112 7.1).

use dmsc_octets::Irregularity;
use httparse::{EMPTY_HEADER, Status};

use super::{
    BODY_LIMIT, CHUNK_LINE_LIMIT, EXTENSIONS_LIMIT, FIELDS_LIMIT, HttpError, SIZE_DIGITS, TRAILER_LIMIT, head,
};

/// A chunked body on its way.
#[derive(Clone, Debug)]
pub(super) struct Chunks {
    step: Step,
    /// The first octet of the message that was not looked at yet.
    at: usize,
    /// Octets of chunk extensions so far.
    extensions: usize,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Vec<(String, String)>,
    pub(super) irregular: Vec<Irregularity>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A line with the size of a chunk.
    Size,
    /// So many octets of a chunk.
    Data(usize),
    /// The end of the line after a chunk.
    DataEnd,
    /// A line of the trailer, which begins here.
    Trailer(usize),
}

impl Chunks {
    /// A body that begins at this offset of its message.
    pub(super) fn new(at: usize) -> Chunks {
        Chunks { step: Step::Size, at, extensions: 0, body: Vec::new(), trailers: Vec::new(), irregular: Vec::new() }
    }

    /// Goes on with a message of which more may have arrived; each octet is looked at once, but for those of a line
    /// that is not complete. Gives the length of the message once it is complete.
    pub(super) fn go_on(&mut self, message: &[u8]) -> Result<Option<usize>, HttpError> {
        loop {
            let rest = message.get(self.at..).unwrap_or_default();
            match self.step {
                Step::Size => {
                    let Some(line) = line(rest, "chunk header", CHUNK_LINE_LIMIT, CHUNK_LINE_LIMIT)? else {
                        return Ok(None);
                    };
                    let size = self.size(line)?;
                    if size > BODY_LIMIT.saturating_sub(self.body.len()) {
                        return Err(HttpError::TooLarge("body", BODY_LIMIT));
                    }
                    self.at = self.at.saturating_add(line.len());
                    self.step = if size == 0 { Step::Trailer(self.at) } else { Step::Data(size) };
                }
                Step::Data(left) => {
                    let (data, _) = rest.split_at(left.min(rest.len()));
                    self.body.extend_from_slice(data);
                    self.at = self.at.saturating_add(data.len());
                    match left.saturating_sub(data.len()) {
                        0 => self.step = Step::DataEnd,
                        left => {
                            self.step = Step::Data(left);
                            return Ok(None);
                        }
                    }
                }
                Step::DataEnd => match rest {
                    [] | [b'\r'] => return Ok(None),
                    [b'\r', b'\n', ..] => {
                        self.at = self.at.saturating_add(2);
                        self.step = Step::Size;
                    }
                    _ => return Err(HttpError::Framing("a chunk is longer than its size says".into())),
                },
                Step::Trailer(start) => {
                    let left = TRAILER_LIMIT.saturating_sub(self.at.saturating_sub(start));
                    let Some(line) = line(rest, "trailer", left, TRAILER_LIMIT)? else { return Ok(None) };
                    self.at = self.at.saturating_add(line.len());
                    if matches!(line, b"\r\n" | b"\n") {
                        self.trailer(message.get(start..self.at).unwrap_or_default(), start)?;
                        return Ok(Some(self.at));
                    }
                }
            }
        }
    }

    /// Reads `chunk-size [ chunk-ext ] CRLF`.
    fn size(&mut self, line: &[u8]) -> Result<usize, HttpError> {
        let wrong = || HttpError::Framing(format!("chunk size \"{}\"", String::from_utf8_lossy(line).trim_end()));
        let text = line.strip_suffix(b"\r\n").ok_or_else(wrong)?;
        let digits = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (size, rest) = text.split_at(digits);
        if digits > SIZE_DIGITS {
            return Err(HttpError::TooLarge("number in front of a chunk", SIZE_DIGITS));
        }
        let size = std::str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size, 16).ok());
        let size = size.ok_or_else(wrong)?;
        let extension = rest.trim_ascii_start();
        if !extension.is_empty() && !extension.starts_with(b";") {
            return Err(wrong());
        }
        // Space before `;` is bad by the grammar, space at the end of the line is not in it.
        if extension.len() < rest.len() && self.irregular.is_empty() {
            let at = self.at.saturating_add(digits);
            let at = at..at.saturating_add(rest.len().saturating_sub(extension.len()));
            self.irregular.push(Irregularity::new("chunk-space", "a space after the size of a chunk").at(at));
        }
        self.extensions = self.extensions.saturating_add(extension.len());
        if self.extensions > EXTENSIONS_LIMIT {
            return Err(HttpError::TooLarge("sum of chunk extensions", EXTENSIONS_LIMIT));
        }
        Ok(usize::try_from(size).unwrap_or(usize::MAX))
    }

    fn trailer(&mut self, octets: &[u8], offset: usize) -> Result<(), HttpError> {
        let mut space = [EMPTY_HEADER; FIELDS_LIMIT];
        match httparse::parse_headers(octets, &mut space) {
            Ok(Status::Complete((_, fields))) => self.trailers = head::fields(fields),
            Ok(Status::Partial) => return Err(HttpError::Framing("the trailer".into())),
            Err(httparse::Error::TooManyHeaders) => return Err(HttpError::TooManyFields("trailer")),
            Err(error) => return Err(HttpError::Framing(format!("the trailer: {error}"))),
        }
        self.irregular.extend(head::bare_lf(octets, offset));
        Ok(())
    }
}

/// The first line of octets, its end included; `None` while it is incomplete. It may have `left` octets of those that
/// its part of the message may have.
fn line<'a>(octets: &'a [u8], what: &'static str, left: usize, limit: usize) -> Result<Option<&'a [u8]>, HttpError> {
    let end = octets.iter().take(left).position(|b| *b == b'\n');
    match end {
        Some(end) => Ok(octets.get(..=end)),
        None if octets.len() >= left => Err(HttpError::TooLarge(what, limit)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(octets: &[u8]) -> Result<Option<(usize, Chunks)>, HttpError> {
        let mut chunks = Chunks::new(0);
        Ok(chunks.go_on(octets)?.map(|length| (length, chunks)))
    }

    #[test]
    fn extensions_are_passed_over_and_trailers_are_fields() {
        let octets = b"3;name=value\r\nabc\r\n0A ;x=\"1;2\"\r\n0123456789\r\n0;last\r\nDigest: x\r\nB:\r\n\r\nNEXT";
        let (length, chunks) = whole(octets).unwrap().unwrap();
        assert_eq!(&octets[length..], b"NEXT");
        assert_eq!(chunks.body, b"abc0123456789");
        assert_eq!(chunks.trailers, [("Digest".into(), "x".into()), ("B".into(), String::new())]);
        assert_eq!(
            chunks.irregular,
            [Irregularity::new("chunk-space", "a space after the size of a chunk").at(21..22)]
        );
    }

    #[test]
    fn what_is_no_chunk_is_an_error() {
        for octets in [
            &b"\r\n\r\n"[..],
            b"x\r\n",
            b"+3\r\nabc\r\n",
            b"0x3\r\nabc\r\n",
            b"3 3\r\n",
            b"3\nabc",
            b"3\r\nabcX",
            b"3\r\nabc\rX",
            b"3\r\nabc\n0\r\n",
            b"0\r\nno field\r\n\r\n",
            b"0\r\n folded: x\r\n\r\n",
        ] {
            let found = whole(octets).map(|_| ());
            assert!(matches!(found, Err(HttpError::Framing(_))), "{}: {found:?}", String::from_utf8_lossy(octets));
        }
    }

    #[test]
    fn everything_is_bounded() {
        let too_large = |what, limit| Err(HttpError::TooLarge(what, limit));
        let body = too_large("body", BODY_LIMIT);
        assert_eq!(whole(b"FFFFFFFFFFFFFFFF\r\n").map(|_| ()), body);
        assert_eq!(whole(b"1\r\na\r\n1000000\r\n").map(|_| ()), body);
        let long = [b"1;".to_vec(), vec![b'x'; CHUNK_LINE_LIMIT]].concat();
        assert_eq!(whole(&long).map(|_| ()), too_large("chunk header", CHUNK_LINE_LIMIT));
        let many = b"1;xxxxxxxxxxxxxxxx\r\na\r\n".repeat(EXTENSIONS_LIMIT / 16);
        assert_eq!(whole(&many).map(|_| ()), too_large("sum of chunk extensions", EXTENSIONS_LIMIT));
        let trailer = [b"0\r\n".to_vec(), b"A: b\r\n".repeat(TRAILER_LIMIT / 6 + 1)].concat();
        assert_eq!(whole(&trailer).map(|_| ()), too_large("trailer", TRAILER_LIMIT));
        let zeros = too_large("number in front of a chunk", SIZE_DIGITS);
        assert_eq!(whole(b"00000000000000003\r\n").map(|_| ()), zeros);
        let fields = [b"0\r\n".to_vec(), b"A: b\r\n".repeat(FIELDS_LIMIT + 1), b"\r\n".to_vec()].concat();
        assert_eq!(whole(&fields).map(|_| ()), Err(HttpError::TooManyFields("trailer")));
    }

    #[test]
    fn each_octet_is_looked_at_once() {
        // A hundred thousand chunks of one octet, one octet at a time: quadratic work would not end.
        let octets = [b"1\r\na\r\n".repeat(100_000), b"0\r\n\r\n".to_vec()].concat();
        let mut chunks = Chunks::new(0);
        for length in 1..octets.len() {
            assert_eq!(chunks.go_on(&octets[..length]), Ok(None));
        }
        assert_eq!(chunks.go_on(&octets), Ok(Some(octets.len())));
        assert_eq!(chunks.body.len(), 100_000);
    }
}
