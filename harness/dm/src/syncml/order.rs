//! In which order the elements inside another stand: that of the DTD of SyncML 1.2 (from memory, so that another order is
//! an irregularity and no more).

use crate::word::Word;

/// What an element is, as far as the order inside it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Message,
    Header,
    Body,
    Status,
    Results,
    Alert,
    /// Any other command.
    Command,
    Item,
    Cred,
    Location,
    /// Nothing inside it has a place.
    Free,
}

impl Order {
    /// That of an element by its name, where it is known.
    pub(super) fn of(element: Option<Word>) -> Self {
        let Some(word) = element else { return Self::Free };
        match word {
            Word::SyncMl => Self::Message,
            Word::SyncHdr => Self::Header,
            Word::SyncBody => Self::Body,
            Word::Status => Self::Status,
            Word::Item => Self::Item,
            Word::Cred => Self::Cred,
            Word::Target | Word::Source | Word::SourceParent | Word::TargetParent => Self::Location,
            Word::Results => Self::Results,
            Word::Alert => Self::Alert,
            Word::Add | Word::Atomic | Word::Copy | Word::Delete | Word::Exec | Word::Get => Self::Command,
            Word::Put | Word::Replace | Word::Sequence => Self::Command,
            _ => Self::Free,
        }
    }

    /// The place of an element inside, which none before it may have beyond; 0 for one that may stand anywhere.
    #[inline]
    pub(super) fn place(self, word: Word) -> u8 {
        match self {
            Self::Message => match word {
                Word::SyncHdr => 1,
                Word::SyncBody => 2,
                _ => 0,
            },
            Self::Header => match word {
                Word::VerDtd => 1,
                Word::VerProto => 2,
                Word::SessionId => 3,
                Word::MsgId => 4,
                Word::Target => 5,
                Word::Source => 6,
                Word::RespUri => 7,
                Word::NoResp => 8,
                Word::Cred => 9,
                Word::Meta => 10,
                _ => 0,
            },
            Self::Body => match word {
                Word::Final => 2,
                _ => 1,
            },
            Self::Status => match word {
                Word::CmdId => 1,
                Word::MsgRef => 2,
                Word::CmdRef => 3,
                Word::Cmd => 4,
                Word::TargetRef => 5,
                Word::SourceRef => 6,
                Word::Cred => 7,
                Word::Chal => 8,
                Word::Data => 9,
                Word::Item => 10,
                _ => 0,
            },
            Self::Results => match word {
                Word::CmdId => 1,
                Word::MsgRef => 2,
                Word::CmdRef => 3,
                Word::Meta => 4,
                Word::TargetRef => 5,
                Word::SourceRef => 6,
                Word::Item => 7,
                _ => 0,
            },
            Self::Alert => match word {
                Word::CmdId => 1,
                Word::NoResp => 2,
                Word::Cred => 3,
                Word::Data => 4,
                Word::Correlator => 5,
                Word::Item => 6,
                _ => 0,
            },
            Self::Command => match word {
                Word::CmdId => 1,
                Word::NoResp => 2,
                Word::Archive | Word::SftDel | Word::Lang => 3,
                Word::Cred => 4,
                Word::Meta => 5,
                Word::Correlator => 6,
                Word::Item => 7,
                _ => 0,
            },
            Self::Item => match word {
                Word::Target => 1,
                Word::Source => 2,
                Word::SourceParent => 3,
                Word::TargetParent => 4,
                Word::Meta => 5,
                Word::Data => 6,
                Word::MoreData => 7,
                _ => 0,
            },
            Self::Cred => match word {
                Word::Meta => 1,
                Word::Data => 2,
                _ => 0,
            },
            Self::Location => match word {
                Word::LocUri => 1,
                Word::LocName => 2,
                _ => 0,
            },
            Self::Free => 0,
        }
    }
}
