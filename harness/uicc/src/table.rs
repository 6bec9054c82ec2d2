//! The one shape of every code table: an enum that names what the standard names and keeps the rest.

/// What every code table has.
pub(crate) trait CodeTable: Copy {
    /// The names, in the order of the table.
    const NAMES: &'static [&'static str];

    /// Their codes, in the same order.
    const CODES: &'static [u8];

    /// The value of a code.
    fn of_code(code: u8) -> Self;

    /// Its code.
    fn to_code(self) -> u8;

    /// The name, if the table has one.
    fn named(self) -> Option<&'static str>;

    /// The code of a name that the table has.
    fn code_of(name: &str) -> Option<u8>;
}

/// Defines a code table of one octet.
///
/// `code_table! { /// doc  Name, "prefix" { Variant = 0x01, "kebab-name"; … } }`
/// The prefix names unknown values: `prefix-7F`.
macro_rules! code_table {
    ($(#[$meta:meta])* $name:ident, $prefix:literal {
        $( $variant:ident = $code:literal, $text:literal; )*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`, code ", stringify!($code), ".")]
                $variant,
            )*
            /// A value the table does not name, kept as it came.
            Unknown(u8),
        }

        impl $name {
            /// Every value the table names, in ascending order of the source table.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];
            /// The names of [`Self::ALL`], in the same order.
            pub const NAMES: &'static [&'static str] = &[$( $text, )*];
            /// The codes of [`Self::ALL`], in the same order.
            pub const CODES: &'static [u8] = &[$( $code, )*];

            /// The value that `code` stands for; never fails, unnamed codes are kept.
            #[must_use]
            pub const fn from_code(code: u8) -> Self {
                match code {
                    $( $code => Self::$variant, )*
                    other => Self::Unknown(other),
                }
            }

            /// The octet on the wire.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $( Self::$variant => $code, )*
                    Self::Unknown(code) => code,
                }
            }

            /// The kebab-case name, if the table has one for this value.
            #[must_use]
            pub const fn known_name(self) -> Option<&'static str> {
                match self {
                    $( Self::$variant => Some($text), )*
                    Self::Unknown(_) => None,
                }
            }

            #[doc = concat!("The kebab-case name; `", $prefix, "-XX` (hex) for a value without one.")]
            #[must_use]
            pub fn name(self) -> String {
                match self.known_name() {
                    Some(name) => name.to_owned(),
                    None => format!(concat!($prefix, "-{:02X}"), self.code()),
                }
            }

            #[doc = concat!("The value with this name; `", $prefix, "-XX` is taken for any code.")]
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $( $text => Some(Self::$variant), )*
                    other => {
                        let digits = other.strip_prefix(concat!($prefix, "-"))?;
                        let exact = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                        let code = exact.then(|| u8::from_str_radix(digits, 16).ok())??;
                        Some(Self::from_code(code))
                    }
                }
            }
        }

        impl crate::table::CodeTable for $name {
            const NAMES: &'static [&'static str] = $name::NAMES;
            const CODES: &'static [u8] = $name::CODES;

            fn of_code(code: u8) -> Self {
                Self::from_code(code)
            }

            fn to_code(self) -> u8 {
                self.code()
            }

            fn named(self) -> Option<&'static str> {
                self.known_name()
            }

            fn code_of(name: &str) -> Option<u8> {
                match name {
                    $( $text => Some($code), )*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.name())
            }
        }
    };
}

/// Asserts of a code table that every octet round-trips, by code and by name, and that names are unique.
#[cfg(test)]
macro_rules! assert_table {
    ($name:ident) => {
        let mut seen = std::collections::HashSet::new();
        for code in 0..=u8::MAX {
            let value = $name::from_code(code);
            assert_eq!(value.code(), code);
            assert_eq!($name::from_name(&value.name()), Some(value), "{}", value.name());
            assert!(seen.insert(value.name()), "name {} is used twice", value.name());
        }
        assert_eq!($name::ALL.len(), $name::NAMES.len());
        assert!($name::from_name("no such name").is_none());
    };
}
