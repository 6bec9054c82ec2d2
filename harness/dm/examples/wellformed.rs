//! Says of documents whether they are well-formed XML: reads a document a line in hexadecimal from standard input, and
//! writes for each a line, `well-formed` or the word of the fault and its text.
//!
//! `corpus/wellformed.py` uses it to compare this crate with expat.

use std::io::{BufRead as _, BufWriter, Write as _};
use std::process::ExitCode;

use dmsc_dm::xml::{self, DecodeError};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let octets = dmsc_octets::from_hex(&line?)?;
        match xml::decode(&octets) {
            Err(DecodeError::Xml(error)) => writeln!(output, "{} {error}", error.fault.word())?,
            Ok(_) | Err(DecodeError::Message(_)) => writeln!(output, "well-formed")?,
        }
    }
    Ok(output.flush()?)
}
