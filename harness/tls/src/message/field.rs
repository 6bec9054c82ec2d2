//! Fields of messages, to be shown.

use dmsc_octets::to_hex;

use crate::extension::{Extension, ExtensionType, MaxFragmentLength};

/// A field of a message as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name in the standard.
    pub name: &'static str,
    /// Its value: a name with its code, or hexadecimal digits.
    pub value: String,
}

pub(crate) fn field(name: &'static str, value: String) -> Field {
    Field { name, value }
}

/// A field for each extension; one that says so when there is no list.
pub(crate) fn extensions(list: Option<&[Extension]>) -> Vec<Field> {
    let Some(list) = list else { return vec![field("extensions", "none".to_owned())] };
    list.iter().map(|extension| field("extension", shown(extension))).collect()
}

fn shown(extension: &Extension) -> String {
    let kind = match extension.kind {
        kind if kind.is_grease() => format!("GREASE ({:04X})", kind.code()),
        kind => kind.to_string(),
    };
    match (extension.kind, extension.data.as_slice()) {
        (_, []) => kind,
        (ExtensionType::MaxFragmentLength, [code]) => format!("{kind}: {}", MaxFragmentLength::from_code(*code)),
        (_, data) => format!("{kind}: {}", to_hex(data)),
    }
}
