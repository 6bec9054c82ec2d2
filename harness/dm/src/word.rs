//! The names of elements that the code pages of SyncML have, each as one small value.
//!
//! A document has few names and has them often. Each is looked up once, where it is read, and from there on a name is told
//! from another by a comparison of two octets.

/// Declares the words, each with its text.
macro_rules! words {
    ($($word:ident $text:literal,)+) => {
        /// The local name of an element of SyncML, MetInf or device descriptions. Names that several of them have are one
        /// word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub(crate) enum Word {
            $($word,)+
        }

        impl Word {
            /// All, each at the place of its number.
            const ALL: &[Word] = &[$(Word::$word,)+];

            /// The texts of all in their order.
            const TEXTS: [&str; Word::COUNT] = [$($text,)+];

            /// The start-tags of all in their order, up to where attributes stand.
            const STARTS: [&str; Word::COUNT] = [$(concat!("<", $text),)+];

            /// The end-tags of all in their order.
            const ENDS: [&str; Word::COUNT] = [$(concat!("</", $text, ">"),)+];
        }
    };
}

words! {
    Add "Add", Alert "Alert", Archive "Archive", Atomic "Atomic", Chal "Chal", Cmd "Cmd", CmdId "CmdID",
    CmdRef "CmdRef", Copy "Copy", Cred "Cred", Data "Data", Delete "Delete", Exec "Exec", Final "Final", Get "Get",
    Item "Item", Lang "Lang", LocName "LocName", LocUri "LocURI", Map "Map", MapItem "MapItem", Meta "Meta",
    MsgId "MsgID", MsgRef "MsgRef", NoResp "NoResp", NoResults "NoResults", Put "Put", Replace "Replace",
    RespUri "RespURI", Results "Results", Search "Search", Sequence "Sequence", SessionId "SessionID",
    SftDel "SftDel", Source "Source", SourceRef "SourceRef", Status "Status", Sync "Sync", SyncBody "SyncBody",
    SyncHdr "SyncHdr", SyncMl "SyncML", Target "Target", TargetRef "TargetRef", VerDtd "VerDTD", VerProto "VerProto",
    NumberOfChanges "NumberOfChanges", MoreData "MoreData", Field "Field", Filter "Filter", Record "Record",
    FilterType "FilterType", SourceParent "SourceParent", TargetParent "TargetParent", Move "Move",
    Correlator "Correlator", Anchor "Anchor", Emi "EMI", Format "Format", FreeId "FreeID", FreeMem "FreeMem",
    Last "Last", Mark "Mark", MaxMsgSize "MaxMsgSize", Mem "Mem", MetInf "MetInf", Next "Next", NextNonce "NextNonce",
    SharedMem "SharedMem", Size "Size", Type "Type", Version "Version", MaxObjSize "MaxObjSize",
    FieldLevel "FieldLevel", AccessType "AccessType", Acl "ACL", B64 "b64", Bin "bin", Bool "bool", Chr "chr",
    CaseSense "CaseSense", Cis "CIS", Cs "CS", Date "date", DdfName "DDFName", DefaultValue "DefaultValue",
    Description "Description", DfFormat "DFFormat", DfProperties "DFProperties", DfTitle "DFTitle", DfType "DFType",
    Dynamic "Dynamic", Float "float", Int "int", Man "Man", MgmtTree "MgmtTree", Mime "MIME", Mod "Mod", Name "Name",
    Node "Node", NodeFormat "node", NodeName "NodeName", Null "null", Occurrence "Occurrence", One "One",
    OneOrMore "OneOrMore", OneOrN "OneOrN", Path "Path", Permanent "Permanent", RtProperties "RTProperties",
    Scope "Scope", Time "time", Title "Title", Tstamp "TStamp", Value "Value", VerNo "VerNo", Xml "xml",
    ZeroOrMore "ZeroOrMore", ZeroOrN "ZeroOrN", ZeroOrOne "ZeroOrOne",
}

/// Slots that the words are spread over, so that a name is compared with one or two.
const SLOTS: usize = 512;

/// For each slot the number of a word that belongs there, and one more; 0 for none.
static FIRST: [u8; SLOTS] = chains().0;

/// For each word another one of its slot in the same way.
static NEXT: [u8; Word::COUNT] = chains().1;

const fn chains() -> ([u8; SLOTS], [u8; Word::COUNT]) {
    let (mut first, mut next) = ([0; SLOTS], [0; Word::COUNT]);
    let mut index = 0;
    while index < Word::COUNT {
        let slot = slot(Word::TEXTS[index].as_bytes());
        next[index] = first[slot];
        first[slot] = index as u8 + 1;
        index += 1;
    }
    (first, next)
}

/// The slot of a name. The factors are those that leave the fewest words together.
const fn slot(name: &[u8]) -> usize {
    match name {
        [first, .., last] => (*first as usize * 10 + *last as usize * 39 + name.len()) % SLOTS,
        _ => 0,
    }
}

impl Word {
    /// How many there are; fewer than 255.
    pub(crate) const COUNT: usize = Word::ALL.len();

    /// The name.
    #[inline]
    pub(crate) fn as_str(self) -> &'static str {
        static TEXTS: [&str; Word::COUNT] = Word::TEXTS;
        TEXTS.get(self as usize).copied().unwrap_or_default()
    }

    /// The start-tag of an element of that name, up to where attributes stand.
    #[inline]
    pub(crate) fn start(self) -> &'static str {
        static STARTS: [&str; Word::COUNT] = Word::STARTS;
        STARTS.get(self as usize).copied().unwrap_or_default()
    }

    /// The end-tag of an element of that name.
    #[inline]
    pub(crate) fn end(self) -> &'static str {
        static ENDS: [&str; Word::COUNT] = Word::ENDS;
        ENDS.get(self as usize).copied().unwrap_or_default()
    }

    /// The number of the word, less than [`Word::COUNT`].
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The word that a name is; case counts.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut number = *FIRST.get(slot(name.as_bytes()))?;
        loop {
            let index = usize::from(number.checked_sub(1)?);
            if *Self::TEXTS.get(index)? == name {
                return Self::ALL.get(index).copied();
            }
            number = *NEXT.get(index)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_by_its_text() {
        for (number, word) in Word::ALL.iter().enumerate() {
            assert_eq!(Word::of(word.as_str()), Some(*word));
            assert_eq!(usize::from(word.number()), number);
            assert_eq!(
                (word.start(), word.end()),
                (&*format!("<{}", word.as_str()), &*format!("</{}>", word.as_str()))
            );
        }
        for name in ["", "A", "Add ", "add", "Fly"] {
            assert_eq!(Word::of(name), None, "{name}");
        }
    }
}
