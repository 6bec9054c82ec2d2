//! Code tables whose unknown values are kept.

/// Makes an enum of a table of codes: `from_code`, `code`, the standard's name, and a value for each code it has not.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident($int:ty, $width:literal) { $($variant:ident = $code:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`, ", stringify!($code), ".")] $variant,)*
            /// A code that the table does not have.
            Other($int),
        }

        impl $name {
            /// The value of a code.
            #[must_use]
            pub fn from_code(code: $int) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    other => Self::Other(other),
                }
            }

            /// The code.
            #[must_use]
            pub fn code(self) -> $int {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }

            /// The name that the standard gives; none for a code that the table does not have.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($text),)*
                    Self::Other(_) => None,
                }
            }
        }

        /// Name and code; of an unknown one, the code.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, concat!("{} ({:0", $width, "X})"), name, self.code()),
                    None => write!(f, concat!("unknown ({:0", $width, "X})"), self.code()),
                }
            }
        }
    };
}

pub(crate) use codes;

/// Whether a code of two octets is reserved by RFC 8701 (GREASE), to be ignored by who does not know it.
pub(crate) fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0F == 0x0A
}
