//! Puts provisioning on a card: the PKCS#15 application in which a terminal looks for it.

use dmsc_provision::smart_card::{self, AID, DIRECTORY, File, Kind};
use dmsc_uicc::fs::{AccessRule, Condition, Operation};

use super::pin::{ADM1, PIN1};
use super::tree::{Application, Body, CURRENT_ADF, FileSystem, Node};

/// EF.DIR.
const DIR: u16 = 0x2F00;
/// The EFs with access rules: that of the MF, and that of an application.
const ARR: [u16; 2] = [0x2F06, 0x6F06];

impl FileSystem {
    /// The same card with these documents in a PKCS#15 application, which takes the place of one that it had. EF.DIR
    /// names it, and its directory in the MF has the same files, for terminals that go by the path there. A file with
    /// secrets asks for PIN1, where the card has one.
    #[must_use]
    pub fn provisioned(mut self, documents: &[(Kind, Vec<u8>)]) -> FileSystem {
        self.remove_provisioning();
        self.name_in_directory(smart_card::directory_record());
        let application = Body::Application(Application { aid: AID.to_vec(), authenticator: None });
        let files = smart_card::files(documents);
        for (id, body) in [(CURRENT_ADF, application), (DIRECTORY, Body::Directory)] {
            let parent = self.nodes.len();
            self.nodes.push(Node { id, parent: 0, sfi: None, rule: None, active: true, body });
            for file in &files {
                let rule = Some(self.rule_of(file));
                let body = Body::Transparent(file.content.clone());
                self.nodes.push(Node { id: file.id, parent, sfi: None, rule, active: true, body });
            }
        }
        self
    }

    /// Takes out the application and its directory; all that is in them stands behind them.
    fn remove_provisioning(&mut self) {
        let is_own = |node: &Node| {
            node.aid() == Some(&AID) || node.id == DIRECTORY && node.parent == 0 && matches!(node.body, Body::Directory)
        };
        while let Some(place) = self.nodes.iter().position(is_own) {
            let end = (place.saturating_add(1)..self.nodes.len()).find(|other| !self.is_within(place, *other));
            let end = end.unwrap_or(self.nodes.len());
            let removed = end.saturating_sub(place);
            self.nodes.drain(place..end);
            for node in self.nodes.iter_mut().filter(|node| node.parent >= end) {
                node.parent = node.parent.saturating_sub(removed);
            }
        }
    }

    /// Puts a record into EF.DIR: in the place of one for the same application, or of an empty one, or behind all.
    fn name_in_directory(&mut self, mut record: Vec<u8>) {
        let Some(place) = self.child(0, DIR) else { return };
        let Some(Node { body: Body::Records(records), .. }) = self.nodes.get_mut(place) else { return };
        let length = records.length().max(record.len());
        record.resize(length, 0xFF);
        records.rows.iter_mut().for_each(|row| row.resize(length, 0xFF));
        let names = |row: &Vec<u8>| row.windows(AID.len()).any(|octets| octets == AID);
        let free = |row: &Vec<u8>| row.iter().all(|octet| *octet == 0xFF);
        let own = records.rows.iter().position(names).or_else(|| records.rows.iter().position(free));
        match own.and_then(|index| records.rows.get_mut(index)) {
            Some(row) => *row = record,
            None => records.rows.push(record),
        }
    }

    /// The place of the rule of a file; a rule that the card does not have is added, and to every EF.ARR a record for it.
    fn rule_of(&mut self, file: &File) -> usize {
        let condition = |reference| match self.pins.0.iter().any(|pin| pin.reference == reference) {
            true => Some(Condition::Pin(reference)),
            false => None,
        };
        let read = condition(PIN1).filter(|_| file.private).unwrap_or(Condition::Always);
        let issuer = condition(ADM1).unwrap_or(Condition::Never);
        let rule = AccessRule(vec![
            (Operation::Read, read),
            (Operation::Update, issuer),
            (Operation::Activate, issuer),
            (Operation::Deactivate, issuer),
        ]);
        if let Some(place) = self.rules.iter().position(|known| *known == rule) {
            return place;
        }
        let record = rule.encode();
        self.rules.push(rule);
        for node in self.nodes.iter_mut().filter(|node| ARR.contains(&node.id)) {
            let Body::Records(records) = &mut node.body else { continue };
            let length = records.length().max(record.len());
            records.rows.push(record.clone());
            records.rows.iter_mut().for_each(|row| row.resize(length, 0xFF));
        }
        self.rules.len().saturating_sub(1)
    }
}
