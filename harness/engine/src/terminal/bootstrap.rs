//! How a terminal reads the smart card bootstrap, and what it makes of it (ProvSC, DMBOOT, PKCS#15 1.1).

use std::collections::VecDeque;

use dmsc_provision::smart_card::{self, AID, DIRECTORY, Kind, ODF, TOKEN_INFO};
use dmsc_uicc::apdu::{CommandApdu, ResponseApdu};
use dmsc_uicc::fs::DirRecord;
use dmsc_uicc::fs::select::{read_binary, read_record, select_aid, select_id, select_path};

use super::Terminal;
use super::start::file_length;
use crate::account::Account;
use crate::bootstrap::{Takes, accounts};
use crate::choice::terminal::{BootstrapFiles, BootstrapParts, BootstrapSelection, BootstrapTime, Handset};
use crate::switch::{Switch, Switches};

const DIR: u16 = 0x2F00;

/// How far READ BINARY reaches.
const REACH: u16 = 0x8000;

/// How a terminal reads.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    takes: Takes,
    choices: Handset,
    /// Whether of each file no more is read than its first 2048 octets.
    first_octets: bool,
}

impl Manner {
    /// None of a terminal that does not read.
    pub(super) fn of(takes: Takes, choices: Handset, switches: &Switches) -> Option<Manner> {
        let reads = takes != Takes::Nothing && !switches.on(Switch::NoBootstrap);
        reads.then(|| Manner { takes, choices, first_octets: switches.on(Switch::BootstrapFirstOctets) })
    }

    /// Whether it waits until the card is idle.
    pub(super) fn waits(&self) -> bool {
        self.choices.bootstrap_time == BootstrapTime::Idle
    }
}

/// A file that is to be read.
#[derive(Clone, Debug)]
enum File {
    TokenInfo,
    Odf,
    /// A directory of data objects, at this path.
    Directory(Vec<u8>),
    Document(Kind, Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    SelectDir,
    ReadDir(u8),
    SelectApplication,
    SelectFile,
    ReadFile,
    Done,
}

/// The reading of the files, command by command.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    manner: Manner,
    stage: Stage,
    /// The records of EF.DIR: how long, and how many.
    records: (u16, u8),
    /// The file that is read, and those after it.
    files: VecDeque<File>,
    content: Vec<u8>,
    length: u16,
    documents: Vec<(Kind, Vec<u8>)>,
}

impl Reading {
    /// From EF.DIR on, which has such records.
    pub(super) fn new(manner: Manner, records: (u16, u8)) -> Reading {
        let token = (manner.choices.bootstrap_files == BootstrapFiles::TokenFirst).then_some(File::TokenInfo);
        let files = token.into_iter().chain([File::Odf]).collect();
        let (content, documents) = (Vec::new(), Vec::new());
        Reading { manner, stage: Stage::SelectDir, records, files, content, length: 0, documents }
    }

    /// The next command; none when all is read.
    pub(super) fn command(&self) -> Option<CommandApdu> {
        Some(match self.stage {
            Stage::SelectDir => select_path(&[DIR]),
            Stage::ReadDir(number) => read_record(number, self.records.0),
            Stage::SelectApplication => select_aid(&AID),
            Stage::SelectFile => self.select(self.files.front()?),
            Stage::ReadFile => {
                let part = match self.manner.choices.bootstrap_parts {
                    BootstrapParts::Large => 256,
                    BootstrapParts::Small => 16,
                };
                let at = self.at();
                read_binary(at, self.length.saturating_sub(at).min(part))
            }
            Stage::Done => return None,
        })
    }

    fn at(&self) -> u16 {
        u16::try_from(self.content.len()).unwrap_or(u16::MAX)
    }

    fn by_path(&self) -> bool {
        self.manner.choices.bootstrap_selection == BootstrapSelection::Path
    }

    fn select(&self, file: &File) -> CommandApdu {
        let path = match file {
            File::TokenInfo => &TOKEN_INFO.to_be_bytes()[..],
            File::Odf => &ODF.to_be_bytes(),
            File::Directory(path) | File::Document(_, path) => path,
        };
        let ids: Vec<u16> = path
            .chunks(2)
            .map(|id| id.iter().fold(0_u16, |id, octet| id.wrapping_shl(8) | u16::from(*octet)))
            .collect();
        match ids.as_slice() {
            [.., id] if !self.by_path() => select_id(*id),
            [0x3F00, rest @ ..] => select_path(rest),
            rest => select_path(&[&[DIRECTORY], rest].concat()),
        }
    }

    /// Takes the answer to the command. What cannot be read is passed over.
    pub(super) fn next(&mut self, response: &ResponseApdu) {
        let ok = response.sw.is_success();
        self.stage = match self.stage {
            Stage::SelectDir if ok => Stage::ReadDir(1),
            Stage::ReadDir(number) => {
                let record = DirRecord::parse(&response.data);
                match number.checked_add(1).filter(|next| *next <= self.records.1) {
                    _ if record.is_ok_and(|record| record.aid == AID) => match self.by_path() {
                        true => Stage::SelectFile,
                        false => Stage::SelectApplication,
                    },
                    Some(next) => Stage::ReadDir(next),
                    None => Stage::Done,
                }
            }
            Stage::SelectApplication if ok => Stage::SelectFile,
            Stage::SelectFile => {
                self.content.clear();
                let most = if self.manner.first_octets { 2048 } else { REACH };
                self.length = file_length(&response.data).unwrap_or(0).min(most);
                if ok && self.length > 0 { Stage::ReadFile } else { self.another() }
            }
            Stage::ReadFile => {
                self.content.extend_from_slice(&response.data);
                let ended = !ok || response.data.is_empty() || self.at() >= self.length;
                if ended { self.read() } else { Stage::ReadFile }
            }
            Stage::SelectDir | Stage::SelectApplication | Stage::Done => Stage::Done,
        };
    }

    /// A file was read.
    fn read(&mut self) -> Stage {
        let content = std::mem::take(&mut self.content);
        match self.files.front().cloned() {
            Some(File::Odf) => {
                let directories = smart_card::directories(&content).unwrap_or_default();
                self.files.extend(directories.into_iter().map(File::Directory));
            }
            Some(File::Directory(_)) => {
                let documents = smart_card::documents(&content).unwrap_or_default().into_iter();
                let taken = documents.filter(|(kind, _)| self.manner.takes.has(kind));
                self.files.extend(taken.map(|(kind, path)| File::Document(kind, path)));
            }
            Some(File::Document(kind, _)) => self.documents.push((kind, content)),
            Some(File::TokenInfo) | None => {}
        }
        self.another()
    }

    fn another(&mut self) -> Stage {
        self.files.pop_front();
        if self.files.is_empty() { Stage::Done } else { Stage::SelectFile }
    }

    /// The documents, in the order of the card.
    pub(super) fn into_documents(self) -> Vec<(Kind, Vec<u8>)> {
        self.documents
    }
}

impl Terminal {
    /// Makes accounts of the documents. One that was taken in before brings nothing new: the account has changed since by
    /// what has passed with its server.
    pub(super) fn bootstrapped(&mut self, documents: Vec<(Kind, Vec<u8>)>) {
        for (kind, octets) in documents {
            if self.switches.on(Switch::BootstrapForNothing) || self.bootstrap.contains(&octets) {
                continue;
            }
            match accounts(&kind, &octets) {
                Ok(accounts) => accounts.into_iter().for_each(|account| self.take_in(account)),
                Err(_) if self.switches.on(Switch::BrokenBootstrapClears) => self.client.accounts.clear(),
                Err(_) => {}
            }
            self.bootstrap.push(octets);
        }
    }

    fn take_in(&mut self, account: Account) {
        let mut account = account;
        if let Some(first) = self.client.accounts.first().cloned() {
            // How notifications are written is a matter of both sides, and not of the account.
            account.form = first.form;
            if self.switches.on(Switch::BootstrapKeepsAddress) {
                account.address.clone_from(&first.address);
            }
            if self.switches.on(Switch::BootstrapKeepsSecrets) {
                account = Account { server_id: account.server_id, address: account.address, ..first };
            }
        }
        self.client.take_in(account, self.switches.on(Switch::BootstrapOverwrites));
    }
}

#[cfg(test)]
mod tests {
    use dmsc_doc::Source;
    use dmsc_octets::to_hex;
    use dmsc_uicc::status::StatusWord;

    use super::*;
    use crate::card::files::{FileSystem, Files};
    use crate::choice::{Choices, Chosen};

    /// The commands of a terminal that reads from a card with this document, and what it finds.
    fn read(document: &[u8], takes: Takes, chosen: &[(&str, &str)]) -> (Vec<String>, Vec<(Kind, Vec<u8>)>) {
        let text = include_str!("../../../../fixtures/cards/reference.yaml");
        let card = FileSystem::read(&Source::new("card.yaml", text)).unwrap();
        let mut files = Files::new(card.provisioned(&[(Kind::DeviceManagement, document.to_vec())]));
        let chosen: Vec<Chosen> = chosen.iter().map(|(choice, word)| Chosen::named(choice, word).unwrap()).collect();
        let manner = Manner::of(takes, Choices::new(&chosen).terminal, &Switches::default()).unwrap();
        let mut reading = Reading::new(manner, (38, 2));
        let mut commands = Vec::new();
        while let Some(command) = reading.command() {
            commands.push(to_hex(&command.encode().unwrap()));
            let answer = files.command(&command);
            reading.next(&ResponseApdu { data: answer.data, sw: StatusWord(answer.sw) });
        }
        (commands, reading.into_documents())
    }

    #[test]
    fn the_files_are_read_by_their_paths() {
        let (commands, documents) = read(&[7; 300], Takes::Both, &[]);
        let expected = [
            "00A40804022F0000",
            "00B2010426",
            "00B2020426",
            "00A40804047F50503100",
            "00B0000008",
            "00A40804047F50643000",
            "00B000002B",
            "00A40804047F50643100",
            "00B0000000",
            "00B001002C",
        ];
        assert_eq!(commands, expected);
        assert_eq!(documents, [(Kind::DeviceManagement, vec![7; 300])]);
    }

    #[test]
    fn the_files_are_read_in_other_ways() {
        let chosen =
            [("bootstrap-selection", "application"), ("bootstrap-parts", "16"), ("bootstrap-files", "token-first")];
        let (commands, documents) = read(&[7; 20], Takes::DeviceManagement, &chosen);
        assert_eq!(commands[3], "00A404040CA000000063504B43532D313500");
        assert_eq!(commands[4], "00A4000402503200");
        assert_eq!(commands[commands.len() - 3..], ["00A4000402643100", "00B0000010", "00B0001004"]);
        assert_eq!(documents, [(Kind::DeviceManagement, vec![7; 20])]);
    }

    #[test]
    fn documents_of_another_kind_are_not_read() {
        let (commands, documents) = read(&[7], Takes::ClientProvisioning, &[]);
        assert_eq!((commands.len(), documents), (7, vec![]));
        assert!(Manner::of(Takes::Nothing, Handset::default(), &Switches::default()).is_none());
    }
}
