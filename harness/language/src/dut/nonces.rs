//! A file in which the nonces of a DUT are kept from one run to the next.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dmsc_doc::{Octets, Source};
use dmsc_engine::account::Account;
use dmsc_engine::dm::trust::{Nonce, Nonces};
use dmsc_octets::{file, to_hex};
use serde::Deserialize;

use super::FileError;

/// A file in which the nonces of a DUT are kept from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonceFile {
    path: PathBuf,
    /// What stood in it, of the server and of the client.
    kept: Option<(Vec<u8>, Vec<u8>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    server_nonce: Octets,
    client_nonce: Octets,
}

impl NonceFile {
    /// Reads the file; one that is not there has kept nothing yet.
    ///
    /// # Errors
    /// Why it cannot be read, or what is wrong with it and where.
    pub fn open(path: PathBuf) -> Result<NonceFile, FileError> {
        let octets = match file::read(&path, file::DOCUMENT) {
            Ok(octets) => octets,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(NonceFile { path, kept: None }),
            Err(error) => return Err(FileError::Unreadable(error.to_string())),
        };
        let source = Source::from_octets(path.display().to_string(), octets).map_err(FileError::Wrong)?;
        let Stored { server_nonce, client_nonce } = dmsc_doc::read(&source).map_err(|mut problems| {
            for problem in &mut problems.problems {
                problem.help.get_or_insert_with(|| AFRESH.to_owned());
            }
            FileError::Wrong(problems)
        })?;
        Ok(NonceFile { kept: Some((server_nonce.0, client_nonce.0)), path })
    }

    /// The file as it is by now.
    pub fn reopened(&self) -> NonceFile {
        // What went wrong since it was read shows when it is written.
        NonceFile::open(self.path.clone()).unwrap_or_else(|_| self.clone())
    }

    /// The nonces that were kept. Without any the DUT was just provisioned with those of `account`; whether it was used
    /// since it was left, nobody can know.
    pub fn nonces(&self, account: &Account) -> Nonces {
        let nonce = |octets: &[u8]| Nonce { octets: octets.to_owned(), shown: false };
        match &self.kept {
            Some((server, client)) => Nonces { server: nonce(server), client: nonce(client) },
            None => Nonces::of(account, true),
        }
    }

    /// Keeps nonces, unless it has them already. The file has the old ones or the new ones, whatever happens meanwhile.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    pub fn keep(&mut self, dut: &str, nonces: &Nonces) -> Result<(), String> {
        let kept = (nonces.server.octets.clone(), nonces.client.octets.clone());
        if self.kept.as_ref() == Some(&kept) {
            return Ok(());
        }
        let mut text = format!("# The nonces with which {dut:?} goes into its next session; dmsc writes them.\n");
        for (name, nonce) in [("server_nonce", &kept.0), ("client_nonce", &kept.1)] {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name}: '{}'", to_hex(nonce));
        }
        self.replace(&text)
            .map_err(|error| format!("the nonces cannot be kept in {}: {error}", self.path.display()))?;
        self.kept = Some(kept);
        Ok(())
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let fresh = folder.join(format!(".{name}.{}", std::process::id()));
        let written = std::fs::File::create(&fresh).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| std::fs::rename(&fresh, &self.path)).inspect_err(|_| drop(std::fs::remove_file(&fresh)))
    }
}

/// What to do about a file that cannot be used.
pub(super) const AFRESH: &str = "provision the DUT with the nonces of `ixit`, and remove the file: it is written again";

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        crate::ixit::Ixit::default().account
    }

    #[test]
    fn nonces_are_kept_in_a_file() {
        let path = std::env::temp_dir().join(format!("dmsc-nonces-{}.yaml", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut file = NonceFile::open(path.clone()).unwrap();
        assert_eq!(file.nonces(&account()), Nonces::of(&account(), true));
        let account = Account { server_nonce: vec![1, 2], client_nonce: vec![0xFF], ..account() };
        let nonces = Nonces::of(&account, false);
        file.keep("our applet", &nonces).unwrap();
        assert_eq!(NonceFile::open(path.clone()).unwrap().nonces(&self::account()), nonces);
        for wrong in ["server_nonce: '01'", "server_nonce: '0'\nclient_nonce: ''", "[]"] {
            std::fs::write(&path, wrong).unwrap();
            assert!(NonceFile::open(path.clone()).is_err(), "{wrong}");
        }
        std::fs::remove_file(&path).unwrap();
        let mut nowhere = NonceFile::open("/no-such-folder/nonces.yaml".into()).unwrap();
        assert!(nowhere.keep("x", &nonces).unwrap_err().contains("/no-such-folder/nonces.yaml"));
    }
}
