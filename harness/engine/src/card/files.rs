//! The UICC's file system and the commands on it (TS 102 221 clauses 8, 11 and 13).
//!
//! What files there are is data (`fixtures/cards/`); this module is the selection logic and the access commands.

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::fs::{Fcp, ServiceTable};
use dmsc_uicc::hex::from_hex;
use serde::Deserialize;

/// The master file.
const MF: u16 = 0x3F00;

/// The file id that stands for the current application (TS 102 221 8.4.2).
const CURRENT_ADF: u16 = 0x7FFF;

/// A card's files as a fixture describes them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSystem {
    /// The answer to reset, in hexadecimal.
    pub atr: String,
    /// The PIN (8 characters at most); none means that PIN 1 is disabled.
    #[serde(default)]
    pub pin: Option<String>,
    /// The files below the MF.
    pub files: Vec<Entry>,
    /// The applications.
    pub applications: Vec<Application>,
}

/// An application: an ADF.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The AID, in hexadecimal.
    pub aid: String,
    /// Its files.
    pub files: Vec<Entry>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The file identifier, four hexadecimal digits.
    pub id: String,
    /// The file's name in the specifications; for people.
    pub name: String,
    /// The short file identifier, 1 to 30.
    #[serde(default)]
    pub sfi: Option<u8>,
    /// A transparent file's content, in hexadecimal.
    #[serde(default)]
    pub content: Option<String>,
    /// A linear fixed file's records, in hexadecimal, all of one length.
    #[serde(default)]
    pub records: Option<Vec<String>>,
    /// A directory's files.
    #[serde(default)]
    pub files: Option<Vec<Entry>>,
}

/// Why a fixture is not a file system.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileSystemError {
    /// Octets that are not hexadecimal.
    #[error("{name}: \"{text}\" is not hexadecimal")]
    Hex {
        /// The file.
        name: String,
        /// The text.
        text: String,
    },
    /// A file that is none or several of transparent, linear fixed and directory.
    #[error("{0}: a file has exactly one of `content`, `records` and `files`")]
    Kind(String),
    /// Records of different lengths.
    #[error("{0}: records of a linear fixed file have one length, 1 to 255 octets")]
    Records(String),
}

#[derive(Clone, Debug)]
enum Body {
    Directory,
    Transparent(Vec<u8>),
    Records(Vec<Vec<u8>>),
}

#[derive(Clone, Debug)]
struct Node {
    id: u16,
    parent: usize,
    aid: Option<Vec<u8>>,
    sfi: Option<u8>,
    body: Body,
}

/// What the card answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Response data.
    pub data: Vec<u8>,
    /// The status word.
    pub sw: u16,
}

impl Answer {
    fn ok(data: Vec<u8>) -> Answer {
        Answer { data, sw: 0x9000 }
    }

    fn error(sw: u16) -> Answer {
        Answer { data: Vec::new(), sw }
    }
}

/// The files of a card in a session.
#[derive(Clone, Debug)]
pub struct Files {
    atr: Vec<u8>,
    pin: Option<Vec<u8>>,
    verified: bool,
    retries: u8,
    nodes: Vec<Node>,
    directory: usize,
    file: Option<usize>,
    record: usize,
    application: Option<usize>,
}

impl FileSystem {
    /// Checks that the fixture describes a card.
    ///
    /// # Errors
    /// [`FileSystemError`] with the file at fault.
    pub fn check(&self) -> Result<(), FileSystemError> {
        nodes(self).map(|_| ())
    }

    /// Sets or clears services of EF.UST in every application that has one.
    pub fn set_services(&mut self, services: &[(u8, bool)]) {
        for entry in self.applications.iter_mut().flat_map(|a| &mut a.files).filter(|e| e.id == "6F38") {
            let Some(octets) = entry.content.as_deref().and_then(|hex| from_hex(hex).ok()) else { continue };
            let mut table = ServiceTable(octets);
            for (service, on) in services {
                if *on { table.set(*service) } else { table.clear(*service) }
            }
            entry.content = Some(dmsc_uicc::hex::to_hex(&table.0));
        }
    }
}

fn nodes(system: &FileSystem) -> Result<Vec<Node>, FileSystemError> {
    let mut nodes = vec![Node { id: MF, parent: 0, aid: None, sfi: None, body: Body::Directory }];
    add(&mut nodes, 0, &system.files)?;
    for application in &system.applications {
        let aid = hex("AID", &application.aid)?;
        nodes.push(Node { id: CURRENT_ADF, parent: 0, aid: Some(aid), sfi: None, body: Body::Directory });
        let place = nodes.len().saturating_sub(1);
        add(&mut nodes, place, &application.files)?;
    }
    Ok(nodes)
}

fn add(nodes: &mut Vec<Node>, parent: usize, entries: &[Entry]) -> Result<(), FileSystemError> {
    for entry in entries {
        let id = u16::from_str_radix(&entry.id, 16)
            .map_err(|_| FileSystemError::Hex { name: entry.name.clone(), text: entry.id.clone() })?;
        let (body, below) = match (&entry.content, &entry.records, &entry.files) {
            (Some(content), None, None) => (Body::Transparent(hex(&entry.name, content)?), None),
            (None, Some(records), None) => {
                let records = records.iter().map(|r| hex(&entry.name, r)).collect::<Result<Vec<_>, _>>()?;
                let length = records.first().map_or(0, Vec::len);
                if length == 0 || length > 255 || records.iter().any(|r| r.len() != length) {
                    return Err(FileSystemError::Records(entry.name.clone()));
                }
                (Body::Records(records), None)
            }
            (None, None, Some(files)) => (Body::Directory, Some(files)),
            _ => return Err(FileSystemError::Kind(entry.name.clone())),
        };
        nodes.push(Node { id, parent, aid: None, sfi: entry.sfi, body });
        let place = nodes.len().saturating_sub(1);
        if let Some(files) = below {
            add(nodes, place, files)?;
        }
    }
    Ok(())
}

fn hex(name: &str, text: &str) -> Result<Vec<u8>, FileSystemError> {
    from_hex(text).map_err(|_| FileSystemError::Hex { name: name.to_owned(), text: text.to_owned() })
}

impl Files {
    /// The files of a card that was just powered. A fixture that is not one gives an empty card; [`FileSystem::check`]
    /// says why.
    pub fn new(system: FileSystem) -> Files {
        let nodes = nodes(&system)
            .unwrap_or_else(|_| vec![Node { id: MF, parent: 0, aid: None, sfi: None, body: Body::Directory }]);
        Files {
            atr: from_hex(&system.atr).unwrap_or_default(),
            pin: system.pin.map(|pin| pad(pin.as_bytes())),
            verified: false,
            retries: 3,
            nodes,
            directory: 0,
            file: None,
            record: 0,
            application: None,
        }
    }

    /// The answer to reset.
    pub fn atr(&self) -> Vec<u8> {
        self.atr.clone()
    }

    /// A reset: the MF is selected and no PIN is verified.
    pub fn reset(&mut self) {
        self.verified = false;
        self.directory = 0;
        self.file = None;
        self.application = None;
    }

    /// Carries out a command on the file system.
    pub fn command(&mut self, command: &CommandApdu) -> Answer {
        match command.ins {
            0xA4 => self.select(command),
            0xF2 => self.status(command),
            0xB0 => self.read_binary(command),
            0xB2 => self.read_record(command),
            0xD6 => self.update_binary(command),
            0xDC => self.update_record(command),
            0x20 => self.verify(command),
            0xAA => Answer::ok(Vec::new()),
            // Logical channels beyond the basic one are not offered.
            0x70 => Answer::error(0x6881),
            0xC0 => Answer::error(0x6985),
            _ if command.cla & 0xF0 == 0xA0 => Answer::error(0x6E00),
            _ => Answer::error(0x6D00),
        }
    }

    fn select(&mut self, command: &CommandApdu) -> Answer {
        let found = match (command.p1, command.data.as_slice()) {
            (0x00, []) => Some(0),
            (0x00, [high, low]) => self.by_id(u16::from_be_bytes([*high, *low])),
            (0x01, [high, low]) => self.child(self.directory, u16::from_be_bytes([*high, *low])),
            (0x03, []) => self.nodes.get(self.directory).map(|node| node.parent),
            (0x04, aid) => {
                self.nodes.iter().position(|n| !aid.is_empty() && n.aid.as_ref().is_some_and(|a| a.starts_with(aid)))
            }
            (0x08, path) => self.walk(0, path),
            (0x09, path) => self.walk(self.directory, path),
            _ => return Answer::error(0x6A86),
        };
        let Some(place) = found else { return Answer::error(0x6A82) };
        self.choose(place);
        match command.p2 & 0x0C {
            0x04 => Answer::ok(self.fcp(place)),
            0x0C => Answer::ok(Vec::new()),
            _ => Answer::error(0x6A86),
        }
    }

    fn choose(&mut self, place: usize) {
        let Some(node) = self.nodes.get(place) else { return };
        self.record = 0;
        if matches!(node.body, Body::Directory) {
            if node.aid.is_some() {
                self.application = Some(place);
            }
            self.directory = place;
            self.file = None;
        } else {
            self.directory = node.parent;
            self.file = Some(place);
        }
    }

    fn child(&self, directory: usize, id: u16) -> Option<usize> {
        self.nodes
            .iter()
            .enumerate()
            .find(|(place, n)| *place != 0 && n.parent == directory && n.id == id && n.aid.is_none())
            .map(|(place, _)| place)
    }

    /// Selection by file id: the MF, the current application, a child, the parent, a sibling (TS 102 221 8.4.1).
    fn by_id(&self, id: u16) -> Option<usize> {
        match id {
            MF => Some(0),
            CURRENT_ADF => self.application,
            _ => {
                let parent = self.nodes.get(self.directory).map(|n| n.parent)?;
                let is_parent = self.nodes.get(parent).is_some_and(|n| n.id == id && n.aid.is_none());
                self.child(self.directory, id)
                    .or_else(|| is_parent.then_some(parent))
                    .or_else(|| self.child(parent, id))
            }
        }
    }

    fn walk(&self, from: usize, path: &[u8]) -> Option<usize> {
        if path.is_empty() || !path.len().is_multiple_of(2) {
            return None;
        }
        let mut place = from;
        for (i, pair) in path.chunks_exact(2).enumerate() {
            let id = pair.iter().fold(0_u16, |id, octet| id << 8 | u16::from(*octet));
            place = match id {
                CURRENT_ADF if i == 0 => self.application?,
                MF if i == 0 => 0,
                _ => self.child(place, id)?,
            };
        }
        Some(place)
    }

    fn fcp(&self, place: usize) -> Vec<u8> {
        let Some(node) = self.nodes.get(place) else { return Vec::new() };
        let fcp = match (&node.body, &node.aid) {
            (Body::Directory, Some(aid)) => Fcp::adf(aid),
            (Body::Directory, None) if place == 0 => Fcp::mf(),
            (Body::Directory, None) => Fcp::df(node.id),
            (Body::Transparent(content), _) => {
                Fcp::transparent(node.id, u16::try_from(content.len()).unwrap_or(u16::MAX), node.sfi)
            }
            (Body::Records(records), _) => {
                let length = records.first().map_or(0, Vec::len);
                let count = u8::try_from(records.len()).unwrap_or(u8::MAX);
                Fcp::linear_fixed(node.id, u16::try_from(length).unwrap_or(u16::MAX), count, node.sfi)
            }
        };
        fcp.encode()
    }

    fn status(&self, command: &CommandApdu) -> Answer {
        match command.p2 & 0x0F {
            0x00 => Answer::ok(self.fcp(self.directory)),
            0x01 => Answer::ok(
                self.application
                    .and_then(|place| self.nodes.get(place))
                    .and_then(|n| n.aid.clone())
                    .unwrap_or_default(),
            ),
            0x0C => Answer::ok(Vec::new()),
            _ => Answer::error(0x6A86),
        }
    }

    /// The file a READ or UPDATE means: by SFI, or the current one.
    fn target(&mut self, sfi: Option<u8>) -> Result<usize, Answer> {
        let Some(sfi) = sfi else { return self.file.ok_or_else(|| Answer::error(0x6986)) };
        let found = self.nodes.iter().position(|n| n.parent == self.directory && n.sfi == Some(sfi));
        let place = found.ok_or_else(|| Answer::error(0x6A82))?;
        self.choose(place);
        Ok(place)
    }

    fn span(command: &CommandApdu) -> (Option<u8>, usize) {
        if command.p1 & 0x80 != 0 {
            (Some(command.p1 & 0x1F), usize::from(command.p2))
        } else {
            (None, usize::from(command.p1) << 8 | usize::from(command.p2))
        }
    }

    fn read_binary(&mut self, command: &CommandApdu) -> Answer {
        let (sfi, offset) = Self::span(command);
        let place = match self.target(sfi) {
            Ok(place) => place,
            Err(answer) => return answer,
        };
        let Some(Body::Transparent(content)) = self.nodes.get(place).map(|n| &n.body) else {
            return Answer::error(0x6981);
        };
        let Some(rest) = content.get(offset..) else { return Answer::error(0x6B00) };
        exact(rest, command.le)
    }

    fn update_binary(&mut self, command: &CommandApdu) -> Answer {
        let (sfi, offset) = Self::span(command);
        let place = match self.target(sfi) {
            Ok(place) => place,
            Err(answer) => return answer,
        };
        if !self.allowed() {
            return Answer::error(0x6982);
        }
        let Some(Body::Transparent(content)) = self.nodes.get_mut(place).map(|n| &mut n.body) else {
            return Answer::error(0x6981);
        };
        let end = offset.saturating_add(command.data.len());
        match content.get_mut(offset..end) {
            Some(span) => {
                span.copy_from_slice(&command.data);
                Answer::ok(Vec::new())
            }
            None => Answer::error(0x6700),
        }
    }

    fn record_index(&mut self, command: &CommandApdu, count: usize) -> Option<usize> {
        let index = match command.p2 & 0x07 {
            0x02 => self.record.saturating_add(1),
            0x03 => self.record.saturating_sub(1),
            0x04 if command.p1 == 0 => self.record,
            0x04 => usize::from(command.p1),
            _ => return None,
        };
        (1..=count).contains(&index).then(|| {
            self.record = index;
            index.saturating_sub(1)
        })
    }

    fn read_record(&mut self, command: &CommandApdu) -> Answer {
        let sfi = Some(command.p2 >> 3).filter(|sfi| *sfi != 0);
        let place = match self.target(sfi) {
            Ok(place) => place,
            Err(answer) => return answer,
        };
        let Some(Body::Records(records)) = self.nodes.get(place).map(|n| n.body.clone()) else {
            return Answer::error(0x6981);
        };
        let Some(record) = self.record_index(command, records.len()).and_then(|index| records.get(index).cloned())
        else {
            return Answer::error(0x6A83);
        };
        exact(&record, command.le)
    }

    fn update_record(&mut self, command: &CommandApdu) -> Answer {
        let sfi = Some(command.p2 >> 3).filter(|sfi| *sfi != 0);
        let place = match self.target(sfi) {
            Ok(place) => place,
            Err(answer) => return answer,
        };
        if !self.allowed() {
            return Answer::error(0x6982);
        }
        let count = match self.nodes.get(place).map(|n| &n.body) {
            Some(Body::Records(records)) => records.len(),
            _ => return Answer::error(0x6981),
        };
        let Some(index) = self.record_index(command, count) else { return Answer::error(0x6A83) };
        let Some(Body::Records(records)) = self.nodes.get_mut(place).map(|n| &mut n.body) else {
            return Answer::error(0x6981);
        };
        match records.get_mut(index) {
            Some(record) if record.len() == command.data.len() => {
                record.copy_from_slice(&command.data);
                Answer::ok(Vec::new())
            }
            _ => Answer::error(0x6700),
        }
    }

    fn allowed(&self) -> bool {
        self.pin.is_none() || self.verified
    }

    fn verify(&mut self, command: &CommandApdu) -> Answer {
        if !matches!(command.p2, 0x01 | 0x11) {
            return Answer::error(0x6A88);
        }
        let Some(pin) = &self.pin else { return Answer::ok(Vec::new()) };
        if command.data.is_empty() {
            return if self.verified {
                Answer::ok(Vec::new())
            } else {
                Answer::error(0x63C0 | u16::from(self.retries))
            };
        }
        if self.retries == 0 {
            return Answer::error(0x6983);
        }
        if command.data == *pin {
            self.verified = true;
            self.retries = 3;
            return Answer::ok(Vec::new());
        }
        self.verified = false;
        self.retries = self.retries.saturating_sub(1);
        Answer::error(0x63C0 | u16::from(self.retries))
    }
}

/// The octets asked for, or the hint how many there are.
fn exact(octets: &[u8], le: Option<u32>) -> Answer {
    let available = octets.len();
    let Some(le) = le.and_then(|le| usize::try_from(le).ok()) else { return Answer::error(0x6700) };
    if le >= 256 {
        return Answer::ok(octets.get(..available.min(le)).unwrap_or_default().to_vec());
    }
    match octets.get(..le) {
        Some(octets) => Answer::ok(octets.to_vec()),
        None => Answer::error(0x6C00 | u16::try_from(available).unwrap_or_default()),
    }
}

fn pad(pin: &[u8]) -> Vec<u8> {
    let mut octets = pin.to_vec();
    octets.resize(8, 0xFF);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_uicc::fs::select::{read_binary, read_record, select_aid, select_id, select_path, verify_pin};
    use proptest::prelude::*;

    fn files() -> Files {
        let entry = |id: &str, content: Option<&str>, records: Option<Vec<&str>>| Entry {
            id: id.into(),
            name: format!("EF {id}"),
            sfi: (id == "2FE2").then_some(2),
            content: content.map(Into::into),
            records: records.map(|r| r.into_iter().map(Into::into).collect()),
            files: None,
        };
        Files::new(FileSystem {
            atr: "3B00".into(),
            pin: Some("1234".into()),
            files: vec![entry("2FE2", Some("0102030405"), None), entry("2F00", None, Some(vec!["AABB", "CCDD"]))],
            applications: vec![Application {
                aid: "A0000000871002".into(),
                files: vec![entry("6F07", Some("08"), None)],
            }],
        })
    }

    fn sw(files: &mut Files, command: CommandApdu) -> (String, u16) {
        let answer = files.command(&command);
        (dmsc_uicc::hex::to_hex(&answer.data), answer.sw)
    }

    #[test]
    fn files_are_selected_and_read() {
        let mut f = files();
        assert_eq!(sw(&mut f, select_id(0x3F00)).1, 0x9000);
        assert!(sw(&mut f, select_id(0x2FE2)).0.starts_with("62"));
        assert_eq!(sw(&mut f, read_binary(1, 3)), ("020304".into(), 0x9000));
        assert_eq!(sw(&mut f, read_binary(1, 9)), (String::new(), 0x6C04));
        assert_eq!(sw(&mut f, read_binary(9, 1)).1, 0x6B00);
        assert_eq!(sw(&mut f, read_record(1, 2)).1, 0x6981);
        assert_eq!(sw(&mut f, select_id(0x2F00)).1, 0x9000);
        assert_eq!(sw(&mut f, read_record(2, 2)), ("CCDD".into(), 0x9000));
        assert_eq!(sw(&mut f, read_record(3, 2)).1, 0x6A83);
        assert_eq!(sw(&mut f, select_id(0x6F07)).1, 0x6A82);
        assert_eq!(sw(&mut f, select_aid(&[0xA0, 0, 0, 0, 0x87, 0x10, 0x02])).1, 0x9000);
        assert_eq!(sw(&mut f, select_path(&[0x7FFF, 0x6F07])).1, 0x9000);
        assert_eq!(sw(&mut f, read_binary(0, 1)), ("08".into(), 0x9000));
    }

    #[test]
    fn a_pin_is_counted_down_and_blocked() {
        let mut f = files();
        assert_eq!(sw(&mut f, verify_pin(1, "9999")).1, 0x63C2);
        assert_eq!(sw(&mut f, verify_pin(1, "1234")).1, 0x9000);
        for left in [0x63C2, 0x63C1, 0x63C0, 0x6983] {
            assert_eq!(sw(&mut f, verify_pin(1, "0000")).1, left);
        }
    }

    #[test]
    fn a_fixture_that_is_no_card_is_refused() {
        let mut system = FileSystem { atr: String::new(), pin: None, files: Vec::new(), applications: Vec::new() };
        assert_eq!(system.check(), Ok(()));
        let entry =
            Entry { id: "2F00".into(), name: "EF.DIR".into(), sfi: None, content: None, records: None, files: None };
        system.files.push(entry);
        assert_eq!(system.check(), Err(FileSystemError::Kind("EF.DIR".into())));
    }

    proptest! {
        #[test]
        fn no_command_panics(octets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 4..20), 1..20)) {
            let mut f = files();
            for octets in octets {
                if let Ok(command) = CommandApdu::parse(&octets) {
                    f.command(&command);
                }
            }
        }
    }
}
