//! Octets of a file: as they are, or in hexadecimal, a message a line.

use std::path::Path;

use dmsc_octets::{file, from_hex};

use crate::failure::Failure;

/// What a file holds: one piece, or the lines of hexadecimal text.
pub(super) fn read(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let octets = file::read(path, file::DOCUMENT).map_err(|error| {
        Failure::Input(format!("cannot read {}: {error}; name a file that can be read", path.display()))
    })?;
    Ok(lines(&octets).unwrap_or_else(|| vec![octets]))
}

/// The octets of each line of hexadecimal text; `None` of anything else.
fn lines(octets: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(octets).ok()?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return None;
    }
    lines.into_iter().map(|line| from_hex(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_hexadecimal_is_octets() {
        assert_eq!(lines(b"030B\n\n 6a00 \n"), Some(vec![vec![0x03, 0x0B], vec![0x6A, 0x00]]));
        assert_eq!(lines(b"<a/>"), None);
        assert_eq!(lines(&[0x03, 0x0B]), None);
        assert_eq!(lines(b"  \n"), None);
    }
}
