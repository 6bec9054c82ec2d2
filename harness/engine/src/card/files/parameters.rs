//! File control parameters of a file (TS 102 221 11.1.1.3): what SELECT and STATUS answer.

use dmsc_uicc::fs::{Fcp, FileDescriptor, FileStructure, LifeCycle, RuleReference};

use super::tree::{Body, FileSystem, Node};

/// The characteristics of the UICC: the clock may be stopped, at either level. The value is from memory.
const CHARACTERISTICS: [u8; 3] = [0x80, 0x01, 0x71];

/// The card takes TERMINAL CAPABILITY.
const SYSTEM_COMMANDS: [u8; 3] = [0x87, 0x01, 0x01];

impl FileSystem {
    /// The octets of a file's parameters.
    pub(super) fn parameters(&self, place: usize) -> Vec<u8> {
        let Some(node) = self.nodes.get(place) else { return Vec::new() };
        let fcp = if node.is_directory() { self.of_directory(place, node) } else { self.of_file(node) };
        fcp.encode()
    }

    fn of_directory(&self, place: usize, node: &Node) -> Fcp {
        let fcp = Fcp::new(descriptor(FileStructure::Directory, None)).with_id(node.id);
        let fcp = match (node.aid(), place) {
            (Some(aid), _) => fcp.with(0x84, aid).with(0xA5, &CHARACTERISTICS),
            (None, 0) => fcp.with(0xA5, &[CHARACTERISTICS, SYSTEM_COMMANDS].concat()),
            (None, _) => fcp,
        };
        // The rules of the MF and of an application stand in the MF, those of another directory where its parent's
        // files have theirs.
        let home = if node.aid().is_some() { 0 } else { node.parent };
        with_rule(fcp.with_life_cycle(LifeCycle::Activated), self.rule_file(home), 1)
            .with_pins(&self.pins.statuses())
            .with_total_size(u32::try_from(self.total_size(place)).unwrap_or(u32::MAX))
    }

    fn of_file(&self, node: &Node) -> Fcp {
        let descriptor = match &node.body {
            Body::Records(records) => {
                let structure = if records.cyclic { FileStructure::Cyclic } else { FileStructure::LinearFixed };
                let length = u16::try_from(records.length()).unwrap_or(u16::MAX);
                descriptor(structure, Some((length, u8::try_from(records.rows.len()).unwrap_or(u8::MAX))))
            }
            _ => descriptor(FileStructure::Transparent, None),
        };
        let life_cycle = if node.active { LifeCycle::Activated } else { LifeCycle::Deactivated };
        let fcp = Fcp::new(descriptor).with_id(node.id).with_life_cycle(life_cycle);
        let record = node.rule.and_then(|rule| u8::try_from(rule.saturating_add(2)).ok()).unwrap_or(1);
        with_rule(fcp, self.rule_file(node.parent), record)
            .with_size(u32::try_from(node.size()).unwrap_or(u32::MAX))
            .with_sfi(node.sfi)
    }

    /// The EF.ARR that holds for the files of a directory: its own, or that of the nearest directory above, up to the
    /// application or the MF (TS 102 221 9.2.7).
    fn rule_file(&self, mut directory: usize) -> Option<u16> {
        loop {
            let own = [0x6F06, 0x2F06].into_iter().find(|id| self.child(directory, *id).is_some());
            let top = directory == 0 || self.nodes.get(directory).is_none_or(|node| node.aid().is_some());
            if own.is_some() || top {
                return own;
            }
            directory = self.parent(directory);
        }
    }
}

fn descriptor(structure: FileStructure, records: Option<(u16, u8)>) -> FileDescriptor {
    FileDescriptor { structure, shareable: true, records }
}

fn with_rule(fcp: Fcp, file: Option<u16>, record: u8) -> Fcp {
    match file {
        Some(file) => fcp.with_rule(RuleReference { file, record }),
        None => fcp,
    }
}
