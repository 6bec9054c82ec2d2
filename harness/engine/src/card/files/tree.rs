//! The tree of files: what there is, and where.

use std::num::NonZeroU8;

use dmsc_provision::Imsi;
use dmsc_uicc::authentication::Authenticator;
use dmsc_uicc::fs::{AccessRule, ServiceTable};

use super::pin::{PIN1, Pin, Pins, Tries};

/// The master file.
pub(super) const MF: u16 = 0x3F00;

/// The file id that stands for the current application (TS 102 221 8.4.2).
pub(super) const CURRENT_ADF: u16 = 0x7FFF;

/// EF.IMSI of a USIM.
const IMSI: u16 = 0x6F07;

/// EF.UST of a USIM.
const UST: u16 = 0x6F38;

/// A card's files, PINs and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    pub(super) atr: Vec<u8>,
    pub(super) pins: Pins,
    /// The rules of elementary files. Record 1 of every EF.ARR is that of directories, the others follow.
    pub(super) rules: Vec<AccessRule>,
    /// The MF first, a directory before what is in it.
    pub(super) nodes: Vec<Node>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: u16,
    /// The directory it is in; the MF is in itself.
    pub(super) parent: usize,
    pub(super) sfi: Option<u8>,
    /// The place of its rule; a directory has none.
    pub(super) rule: Option<usize>,
    pub(super) active: bool,
    pub(super) body: Body,
}

/// What a file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Directory,
    Application(Application),
    Transparent(Vec<u8>),
    Records(Records),
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Application {
    pub(super) aid: Vec<u8>,
    pub(super) authenticator: Option<Authenticator>,
}

/// Records of one length. In a cyclic file the first is the one written last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) cyclic: bool,
    pub(super) rows: Vec<Vec<u8>>,
}

impl Records {
    /// The length of each record, in octets.
    pub(super) fn length(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }

    /// Writes the oldest record of a cyclic file, which becomes the first.
    pub(super) fn push(&mut self, octets: Vec<u8>) {
        self.rows.rotate_right(1);
        if let Some(first) = self.rows.first_mut() {
            *first = octets;
        }
    }
}

impl Node {
    pub(super) fn is_directory(&self) -> bool {
        matches!(self.body, Body::Directory | Body::Application(_))
    }

    pub(super) fn aid(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Application(application) => Some(&application.aid),
            _ => None,
        }
    }

    /// Octets of content; a directory has none of its own.
    pub(super) fn size(&self) -> usize {
        match &self.body {
            Body::Directory | Body::Application(_) => 0,
            Body::Transparent(content) => content.len(),
            Body::Records(records) => records.length().saturating_mul(records.rows.len()),
        }
    }
}

impl FileSystem {
    /// The answer to reset.
    pub fn atr(&self) -> &[u8] {
        &self.atr
    }

    /// Sets or clears services of EF.UST in every application that has one, and lengthens it where that takes it.
    pub fn set_services(&mut self, services: impl IntoIterator<Item = (NonZeroU8, bool)> + Clone) {
        for node in self.nodes.iter_mut().filter(|node| node.id == UST) {
            let Body::Transparent(content) = &mut node.body else { continue };
            let mut table = ServiceTable(std::mem::take(content));
            for (service, on) in services.clone() {
                if on { table.set(service.get()) } else { table.clear(service.get()) }
            }
            *content = table.0;
        }
    }

    /// The service table of an application.
    pub(super) fn services(&self, application: usize) -> ServiceTable {
        let table = self.child(application, UST).and_then(|place| self.nodes.get(place));
        match table.map(|node| &node.body) {
            Some(Body::Transparent(content)) => ServiceTable(content.clone()),
            _ => ServiceTable::default(),
        }
    }

    /// Has the card ask for PIN1, which is this then.
    pub fn set_pin1(&mut self, value: [u8; 8]) {
        match self.pins.0.iter_mut().find(|pin| pin.reference == PIN1) {
            Some(pin) => (pin.value, pin.enabled, pin.verified) = (value, true, false),
            None => self.pins.0.push(Pin {
                reference: PIN1,
                value,
                puk: None,
                enabled: true,
                tries: Tries::new(3),
                puk_tries: Tries::new(10),
                verified: false,
            }),
        }
    }

    /// The IMSI of the first application that has one (TS 31.102 4.2.2).
    pub fn imsi(&self) -> Option<Imsi> {
        self.applications().find_map(|(application, _)| {
            let node = self.child(application, IMSI).and_then(|place| self.nodes.get(place))?;
            let Body::Transparent(content) = &node.body else { return None };
            Imsi::of_file(content)
        })
    }

    /// The directory a file is in.
    pub(super) fn parent(&self, place: usize) -> usize {
        self.nodes.get(place).map_or(0, |node| node.parent)
    }

    /// The places of the applications, in the order of the fixture.
    pub(super) fn applications(&self) -> impl DoubleEndedIterator<Item = (usize, &[u8])> {
        self.nodes.iter().enumerate().filter_map(|(place, node)| node.aid().map(|aid| (place, aid)))
    }

    /// A file that is in a directory itself; applications are found by their AID only.
    pub(super) fn child(&self, directory: usize, id: u16) -> Option<usize> {
        let mut nodes = self.nodes.iter().enumerate().skip(1);
        nodes
            .find(|(_, node)| node.parent == directory && node.id == id && node.aid().is_none())
            .map(|(place, _)| place)
    }

    /// An elementary file in a directory, by short identifier.
    pub(super) fn by_sfi(&self, directory: usize, sfi: u8) -> Option<usize> {
        self.nodes.iter().position(|node| node.parent == directory && node.sfi == Some(sfi))
    }

    /// What a file id selects from a directory: the MF, the current application, the directory itself, what is in it, its
    /// parent, what is beside it (TS 102 221 8.4.1 and 11.1.1.2).
    pub(super) fn by_id(&self, directory: usize, id: u16, application: Option<usize>) -> Option<usize> {
        match id {
            MF => return Some(0),
            CURRENT_ADF => return application,
            _ => {}
        }
        let parent = self.parent(directory);
        let named = |place: usize| self.nodes.get(place).is_some_and(|node| node.id == id).then_some(place);
        self.child(directory, id)
            .or_else(|| named(directory))
            .or_else(|| named(parent))
            .or_else(|| self.child(parent, id))
    }

    /// What a path of file ids selects (TS 102 221 8.4.2).
    pub(super) fn walk(&self, from: usize, path: &[u8], application: Option<usize>) -> Option<usize> {
        let (ids, rest) = path.as_chunks::<2>();
        if ids.is_empty() || !rest.is_empty() {
            return None;
        }
        let mut place = from;
        for (i, id) in ids.iter().enumerate() {
            place = match u16::from_be_bytes(*id) {
                CURRENT_ADF if i == 0 => application?,
                MF if i == 0 => 0,
                id => self.child(place, id)?,
            };
        }
        Some(place)
    }

    /// Whether a file is a directory or in it, at whatever depth.
    pub(super) fn is_within(&self, directory: usize, mut place: usize) -> bool {
        while place != directory {
            // A parent stands before its children, so this ends.
            let parent = self.parent(place);
            if parent >= place {
                return false;
            }
            place = parent;
        }
        true
    }

    /// Octets of all that is in a directory.
    pub(super) fn total_size(&self, directory: usize) -> usize {
        let inside = self.nodes.iter().enumerate().filter(|(place, _)| self.is_within(directory, *place));
        inside.map(|(_, node)| node.size()).fold(0, usize::saturating_add)
    }
}
