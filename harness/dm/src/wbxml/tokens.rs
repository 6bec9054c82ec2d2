//! Tag tokens of the three code pages (DMREPPRO 1.2, WBXML definitions).

use crate::element::Namespace;

/// Switches the code page of the tags that follow.
pub(super) const SWITCH_PAGE: u8 = 0x00;
/// Ends an element.
pub(super) const END: u8 = 0x01;
/// A character by its number.
pub(super) const ENTITY: u8 = 0x02;
/// A string in place, ended by a zero octet.
pub(super) const STR_I: u8 = 0x03;
/// A tag named in the string table.
pub(super) const LITERAL: u8 = 0x04;
/// A string of the string table.
pub(super) const STR_T: u8 = 0x83;
/// Octets with their number in front.
pub(super) const OPAQUE: u8 = 0xC3;
/// Bit of a tag that has content.
pub(super) const WITH_CONTENT: u8 = 0x40;
/// Bit of a tag that has attributes.
pub(super) const WITH_ATTRIBUTES: u8 = 0x80;

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
    names(page)?.get(index).copied().filter(|name| !name.is_empty())
}

/// Page and token of an element.
pub(super) fn token(namespace: &Namespace, name: &str) -> Option<(u8, u8)> {
    let page = match namespace {
        Namespace::SyncMl => 0,
        Namespace::MetInf => 1,
        Namespace::DmDdf => 2,
        Namespace::Other(_) => return None,
    };
    let index = names(page)?.iter().position(|candidate| *candidate == name && !name.is_empty())?;
    Some((page, u8::try_from(index).ok()?.checked_add(FIRST)?))
}

fn names(page: u8) -> Option<&'static [&'static str]> {
    match page {
        0 => Some(&SYNCML),
        1 => Some(&METINF),
        2 => Some(&DMDDF),
        _ => None,
    }
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
