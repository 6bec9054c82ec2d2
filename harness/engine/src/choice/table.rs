//! How choices are declared.

/// Declares choices once: an enum for each, a struct of what is chosen, the rows of the table.
macro_rules! choices {
    (
        $(#[doc = $group_doc:literal])+
        $group:ident
        $(
            $(#[doc = $doc:literal])+
            ($($side:ident),+; $clause:literal)
            $field:ident: $name:ident = $word:literal {
                $(#[doc = $first_doc:literal])+
                $first:ident = $first_word:literal $(claims [$($first_item:literal),+])?,
                $( $(#[doc = $other_doc:literal])+ $other:ident = $other_word:literal $(claims [$($item:literal),+])?, )+
            }
        )+
    ) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub enum $name {
                #[default]
                $(#[doc = $first_doc])+
                $first,
                $( $(#[doc = $other_doc])+ $other, )+
            }
        )+

        $(#[doc = $group_doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $group {
            $( $(#[doc = $doc])+ pub $field: $name, )+
        }

        /// The rows of the table.
        pub(super) const ROWS: &[$crate::choice::Choice] = &[ $( $crate::choice::Choice {
            name: $word,
            sides: &[$($crate::role::Role::$side),+],
            clause: $clause,
            doc: concat!($($doc),+).trim_ascii(),
            alternatives: &[
                $crate::choice::Alternative {
                    name: $first_word,
                    doc: concat!($($first_doc),+).trim_ascii(),
                    claims: &[$($($first_item),+)?],
                },
                $( $crate::choice::Alternative {
                    name: $other_word,
                    doc: concat!($($other_doc),+).trim_ascii(),
                    claims: &[$($($item),+)?],
                }, )+
            ],
        }, )+ ];

        impl $group {
            /// Chooses; names that are not among these choose nothing.
            pub(super) fn set(&mut self, choice: &str, alternative: &str) {
                match (choice, alternative) {
                    $(
                        ($word, $first_word) => self.$field = $name::$first,
                        $( ($word, $other_word) => self.$field = $name::$other, )+
                    )+
                    _ => {}
                }
            }
        }
    };
}

pub(super) use choices;
