//! Tag tokens of the three code pages (DMREPPRO 1.2, WBXML definitions).

use crate::element::Namespace;

/// The first tag token of every page; the ones below are global.
const FIRST: u8 = 0x05;

/// The namespace of a code page, if the page exists.
pub(super) fn namespace(page: u8) -> Option<Namespace> {
    match page {
        0 => Some(Namespace::SyncMl),
        1 => Some(Namespace::MetInf),
        2 => Some(Namespace::DmDdf),
        _ => None,
    }
}

/// The name of a tag, given without its flag bits.
pub(super) fn name(page: u8, token: u8) -> Option<&'static str> {
    let index = usize::from(token.checked_sub(FIRST)?);
    names(page)?.0.get(index).copied().filter(|name| !name.is_empty())
}

/// Page and token of an element.
pub(super) fn token(namespace: &Namespace, name: &str) -> Option<(u8, u8)> {
    let page = match namespace {
        Namespace::SyncMl => 0,
        Namespace::MetInf => 1,
        Namespace::DmDdf => 2,
        Namespace::Literal | Namespace::Other(_) => return None,
    };
    let (names, slots) = names(page)?;
    let mut token = *slots.get(slot(name.as_bytes()))?;
    loop {
        let index = usize::from(token.checked_sub(FIRST)?);
        if *names.get(index)? == name {
            return Some((page, token));
        }
        token = *slots.get(SLOTS + index)?;
    }
}

/// Whether SyncML has an element of that name.
pub(crate) fn is_syncml_name(name: &str) -> bool {
    token(&Namespace::SyncMl, name).is_some()
}

fn names(page: u8) -> Option<(&'static [&'static str], &'static [u8])> {
    static SYNCML_SLOTS: [u8; SLOTS + SYNCML.len()] = slots(&SYNCML);
    static METINF_SLOTS: [u8; SLOTS + METINF.len()] = slots(&METINF);
    static DMDDF_SLOTS: [u8; SLOTS + DMDDF.len()] = slots(&DMDDF);
    match page {
        0 => Some((&SYNCML, &SYNCML_SLOTS)),
        1 => Some((&METINF, &METINF_SLOTS)),
        2 => Some((&DMDDF, &DMDDF_SLOTS)),
        _ => None,
    }
}

/// Slots that the names of a page are spread over, so that a name is compared with one or two.
const SLOTS: usize = 128;

/// The slot of a name.
const fn slot(name: &[u8]) -> usize {
    match name {
        [first, .., last] => (*first as usize * 3 + *last as usize * 7 + name.len()) % SLOTS,
        _ => 0,
    }
}

/// For each slot a token whose name belongs there, and then for each name the token of another of its slot; 0 for none.
const fn slots<const NAMES: usize, const LENGTH: usize>(names: &[&str; NAMES]) -> [u8; LENGTH] {
    let mut slots = [0; LENGTH];
    let mut index = 0;
    while index < NAMES {
        if !names[index].is_empty() {
            let slot = slot(names[index].as_bytes());
            slots[SLOTS + index] = slots[slot];
            slots[slot] = FIRST + index as u8;
        }
        index += 1;
    }
    slots
}

/// Page 0; 30 is reserved.
const SYNCML: [&str; 56] = [
    "Add",             // 05
    "Alert",           // 06
    "Archive",         // 07
    "Atomic",          // 08
    "Chal",            // 09
    "Cmd",             // 0A
    "CmdID",           // 0B
    "CmdRef",          // 0C
    "Copy",            // 0D
    "Cred",            // 0E
    "Data",            // 0F
    "Delete",          // 10
    "Exec",            // 11
    "Final",           // 12
    "Get",             // 13
    "Item",            // 14
    "Lang",            // 15
    "LocName",         // 16
    "LocURI",          // 17
    "Map",             // 18
    "MapItem",         // 19
    "Meta",            // 1A
    "MsgID",           // 1B
    "MsgRef",          // 1C
    "NoResp",          // 1D
    "NoResults",       // 1E
    "Put",             // 1F
    "Replace",         // 20
    "RespURI",         // 21
    "Results",         // 22
    "Search",          // 23
    "Sequence",        // 24
    "SessionID",       // 25
    "SftDel",          // 26
    "Source",          // 27
    "SourceRef",       // 28
    "Status",          // 29
    "Sync",            // 2A
    "SyncBody",        // 2B
    "SyncHdr",         // 2C
    "SyncML",          // 2D
    "Target",          // 2E
    "TargetRef",       // 2F
    "",                // 30
    "VerDTD",          // 31
    "VerProto",        // 32
    "NumberOfChanges", // 33
    "MoreData",        // 34
    "Field",           // 35
    "Filter",          // 36
    "Record",          // 37
    "FilterType",      // 38
    "SourceParent",    // 39
    "TargetParent",    // 3A
    "Move",            // 3B
    "Correlator",      // 3C
];

/// Page 1.
const METINF: [&str; 18] = [
    "Anchor",     // 05
    "EMI",        // 06
    "Format",     // 07
    "FreeID",     // 08
    "FreeMem",    // 09
    "Last",       // 0A
    "Mark",       // 0B
    "MaxMsgSize", // 0C
    "Mem",        // 0D
    "MetInf",     // 0E
    "Next",       // 0F
    "NextNonce",  // 10
    "SharedMem",  // 11
    "Size",       // 12
    "Type",       // 13
    "Version",    // 14
    "MaxObjSize", // 15
    "FieldLevel", // 16
];

/// Page 2: device descriptions and serialised tree objects.
const DMDDF: [&str; 56] = [
    "AccessType",   // 05
    "ACL",          // 06
    "Add",          // 07
    "b64",          // 08
    "bin",          // 09
    "bool",         // 0A
    "chr",          // 0B
    "CaseSense",    // 0C
    "CIS",          // 0D
    "Copy",         // 0E
    "CS",           // 0F
    "date",         // 10
    "DDFName",      // 11
    "DefaultValue", // 12
    "Delete",       // 13
    "Description",  // 14
    "DFFormat",     // 15
    "DFProperties", // 16
    "DFTitle",      // 17
    "DFType",       // 18
    "Dynamic",      // 19
    "Exec",         // 1A
    "float",        // 1B
    "Format",       // 1C
    "Get",          // 1D
    "int",          // 1E
    "Man",          // 1F
    "MgmtTree",     // 20
    "MIME",         // 21
    "Mod",          // 22
    "Name",         // 23
    "Node",         // 24
    "node",         // 25
    "NodeName",     // 26
    "null",         // 27
    "Occurrence",   // 28
    "One",          // 29
    "OneOrMore",    // 2A
    "OneOrN",       // 2B
    "Path",         // 2C
    "Permanent",    // 2D
    "Replace",      // 2E
    "RTProperties", // 2F
    "Scope",        // 30
    "Size",         // 31
    "time",         // 32
    "Title",        // 33
    "TStamp",       // 34
    "Type",         // 35
    "Value",        // 36
    "VerDTD",       // 37
    "VerNo",        // 38
    "xml",          // 39
    "ZeroOrMore",   // 3A
    "ZeroOrN",      // 3B
    "ZeroOrOne",    // 3C
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_is_found_by_its_name_and_by_its_token() {
        let mut tags = 0;
        for page in 0..=2 {
            let vocabulary = namespace(page).unwrap();
            for code in 0..=0x3F {
                if let Some(name) = name(page, code) {
                    assert_eq!(token(&vocabulary, name), Some((page, code)), "{name}");
                    tags += 1;
                }
            }
        }
        assert_eq!(tags, 55 + 18 + 56);
        for name in ["", "A", "Add ", "add", "MgmtTree", "Fly"] {
            assert!(!is_syncml_name(name), "{name}");
        }
    }
}
