//! Tag tokens of the three code pages (DMREPPRO 1.2, WBXML definitions).

use crate::element::Namespace;
use crate::word::Word;

/// The first tag token of every page; the ones below are global.
const FIRST: u8 = 0x05;

/// The namespace of a code page, if the page exists.
pub(super) fn namespace(page: u8) -> Option<&'static Namespace> {
    match page {
        0 => Some(&Namespace::SyncMl),
        1 => Some(&Namespace::MetInf),
        2 => Some(&Namespace::DmDdf),
        _ => None,
    }
}

/// The word of a tag, given without its flag bits.
pub(super) fn word(page: u8, token: u8) -> Option<Word> {
    let words: &[Option<Word>] = match page {
        0 => &SYNCML,
        1 => &METINF,
        2 => &DMDDF,
        _ => return None,
    };
    *words.get(usize::from(token.checked_sub(FIRST)?))?
}

/// Page and token of an element.
pub(super) fn token(namespace: &Namespace, word: Word) -> Option<(u8, u8)> {
    static TOKENS: [[u8; Word::COUNT]; 3] = [tokens(&SYNCML), tokens(&METINF), tokens(&DMDDF)];
    let page = match namespace {
        Namespace::SyncMl => 0,
        Namespace::MetInf => 1,
        Namespace::DmDdf => 2,
        Namespace::Literal | Namespace::Other(_) => return None,
    };
    let token = *TOKENS.get(usize::from(page))?.get(usize::from(word.number()))?;
    (token != 0).then_some((page, token))
}

/// Whether SyncML has an element of that name.
pub(crate) fn is_syncml_word(word: Word) -> bool {
    token(&Namespace::SyncMl, word).is_some()
}

/// The token of each word on a page; 0 for none.
const fn tokens(words: &[Option<Word>]) -> [u8; Word::COUNT] {
    let mut tokens = [0; Word::COUNT];
    let mut index = 0;
    while index < words.len() {
        if let Some(word) = words[index] {
            tokens[word.number() as usize] = FIRST + index as u8;
        }
        index += 1;
    }
    tokens
}

/// Page 0; 30 is reserved.
const SYNCML: [Option<Word>; 56] = [
    Some(Word::Add),             // 05
    Some(Word::Alert),           // 06
    Some(Word::Archive),         // 07
    Some(Word::Atomic),          // 08
    Some(Word::Chal),            // 09
    Some(Word::Cmd),             // 0A
    Some(Word::CmdId),           // 0B
    Some(Word::CmdRef),          // 0C
    Some(Word::Copy),            // 0D
    Some(Word::Cred),            // 0E
    Some(Word::Data),            // 0F
    Some(Word::Delete),          // 10
    Some(Word::Exec),            // 11
    Some(Word::Final),           // 12
    Some(Word::Get),             // 13
    Some(Word::Item),            // 14
    Some(Word::Lang),            // 15
    Some(Word::LocName),         // 16
    Some(Word::LocUri),          // 17
    Some(Word::Map),             // 18
    Some(Word::MapItem),         // 19
    Some(Word::Meta),            // 1A
    Some(Word::MsgId),           // 1B
    Some(Word::MsgRef),          // 1C
    Some(Word::NoResp),          // 1D
    Some(Word::NoResults),       // 1E
    Some(Word::Put),             // 1F
    Some(Word::Replace),         // 20
    Some(Word::RespUri),         // 21
    Some(Word::Results),         // 22
    Some(Word::Search),          // 23
    Some(Word::Sequence),        // 24
    Some(Word::SessionId),       // 25
    Some(Word::SftDel),          // 26
    Some(Word::Source),          // 27
    Some(Word::SourceRef),       // 28
    Some(Word::Status),          // 29
    Some(Word::Sync),            // 2A
    Some(Word::SyncBody),        // 2B
    Some(Word::SyncHdr),         // 2C
    Some(Word::SyncMl),          // 2D
    Some(Word::Target),          // 2E
    Some(Word::TargetRef),       // 2F
    None,                        // 30
    Some(Word::VerDtd),          // 31
    Some(Word::VerProto),        // 32
    Some(Word::NumberOfChanges), // 33
    Some(Word::MoreData),        // 34
    Some(Word::Field),           // 35
    Some(Word::Filter),          // 36
    Some(Word::Record),          // 37
    Some(Word::FilterType),      // 38
    Some(Word::SourceParent),    // 39
    Some(Word::TargetParent),    // 3A
    Some(Word::Move),            // 3B
    Some(Word::Correlator),      // 3C
];

/// Page 1.
const METINF: [Option<Word>; 18] = [
    Some(Word::Anchor),     // 05
    Some(Word::Emi),        // 06
    Some(Word::Format),     // 07
    Some(Word::FreeId),     // 08
    Some(Word::FreeMem),    // 09
    Some(Word::Last),       // 0A
    Some(Word::Mark),       // 0B
    Some(Word::MaxMsgSize), // 0C
    Some(Word::Mem),        // 0D
    Some(Word::MetInf),     // 0E
    Some(Word::Next),       // 0F
    Some(Word::NextNonce),  // 10
    Some(Word::SharedMem),  // 11
    Some(Word::Size),       // 12
    Some(Word::Type),       // 13
    Some(Word::Version),    // 14
    Some(Word::MaxObjSize), // 15
    Some(Word::FieldLevel), // 16
];

/// Page 2: device descriptions and serialised tree objects.
const DMDDF: [Option<Word>; 56] = [
    Some(Word::AccessType),   // 05
    Some(Word::Acl),          // 06
    Some(Word::Add),          // 07
    Some(Word::B64),          // 08
    Some(Word::Bin),          // 09
    Some(Word::Bool),         // 0A
    Some(Word::Chr),          // 0B
    Some(Word::CaseSense),    // 0C
    Some(Word::Cis),          // 0D
    Some(Word::Copy),         // 0E
    Some(Word::Cs),           // 0F
    Some(Word::Date),         // 10
    Some(Word::DdfName),      // 11
    Some(Word::DefaultValue), // 12
    Some(Word::Delete),       // 13
    Some(Word::Description),  // 14
    Some(Word::DfFormat),     // 15
    Some(Word::DfProperties), // 16
    Some(Word::DfTitle),      // 17
    Some(Word::DfType),       // 18
    Some(Word::Dynamic),      // 19
    Some(Word::Exec),         // 1A
    Some(Word::Float),        // 1B
    Some(Word::Format),       // 1C
    Some(Word::Get),          // 1D
    Some(Word::Int),          // 1E
    Some(Word::Man),          // 1F
    Some(Word::MgmtTree),     // 20
    Some(Word::Mime),         // 21
    Some(Word::Mod),          // 22
    Some(Word::Name),         // 23
    Some(Word::Node),         // 24
    Some(Word::NodeFormat),   // 25
    Some(Word::NodeName),     // 26
    Some(Word::Null),         // 27
    Some(Word::Occurrence),   // 28
    Some(Word::One),          // 29
    Some(Word::OneOrMore),    // 2A
    Some(Word::OneOrN),       // 2B
    Some(Word::Path),         // 2C
    Some(Word::Permanent),    // 2D
    Some(Word::Replace),      // 2E
    Some(Word::RtProperties), // 2F
    Some(Word::Scope),        // 30
    Some(Word::Size),         // 31
    Some(Word::Time),         // 32
    Some(Word::Title),        // 33
    Some(Word::Tstamp),       // 34
    Some(Word::Type),         // 35
    Some(Word::Value),        // 36
    Some(Word::VerDtd),       // 37
    Some(Word::VerNo),        // 38
    Some(Word::Xml),          // 39
    Some(Word::ZeroOrMore),   // 3A
    Some(Word::ZeroOrN),      // 3B
    Some(Word::ZeroOrOne),    // 3C
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_is_found_by_its_word_and_by_its_token() {
        let mut tags = 0;
        for page in 0..=2 {
            let vocabulary = namespace(page).unwrap();
            for code in 0..=0x3F {
                if let Some(word) = word(page, code) {
                    assert_eq!(token(vocabulary, word), Some((page, code)), "{word:?}");
                    tags += 1;
                }
            }
        }
        assert_eq!(tags, 55 + 18 + 56);
        assert!(is_syncml_word(Word::Add) && !is_syncml_word(Word::MgmtTree));
    }
}
