//! Files that the user names.

use std::path::Path;

use dmsc_doc::Source;
use dmsc_octets::file;

use crate::failure::Failure;

/// Reads a document; `what` and `example` tell the user what was meant to be there.
///
/// # Errors
/// The file cannot be read, or is no text.
pub(crate) fn read(path: &Path, what: &str, example: &str) -> Result<Source, Failure> {
    let octets = file::read(path, file::DOCUMENT)
        .map_err(|error| Failure::Input(format!("cannot read {what} {}: {error}; {example}", path.display())))?;
    Ok(Source::from_octets(path.display().to_string(), octets)?)
}
