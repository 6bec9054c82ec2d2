//! Extensions of hellos, as both sides look at them.

use super::failure::Cause;
use crate::extension::{Extension, ExtensionType, MaxFragmentLength};

/// The extensions of a hello, of which none is there twice (RFC 5246 7.4.1.4).
pub(super) struct Extensions<'a>(&'a [Extension]);

impl<'a> Extensions<'a> {
    pub(super) fn of(list: Option<&'a [Extension]>) -> Result<Extensions<'a>, Cause> {
        let list = list.unwrap_or_default();
        for (index, extension) in list.iter().enumerate() {
            if list.iter().take(index).any(|before| before.kind == extension.kind) {
                return Err(Cause::BadExtension(extension.kind));
            }
        }
        Ok(Extensions(list))
    }

    pub(super) fn data(&self, kind: ExtensionType) -> Option<&'a [u8]> {
        self.0.iter().find(|extension| extension.kind == kind).map(|extension| extension.data.as_slice())
    }

    /// Whether an extension is there that has no data.
    pub(super) fn flag(&self, kind: ExtensionType) -> Result<bool, Cause> {
        match self.data(kind) {
            None => Ok(false),
            Some([]) => Ok(true),
            Some(_) => Err(Cause::BadExtension(kind)),
        }
    }

    pub(super) fn max_fragment_length(&self) -> Result<Option<MaxFragmentLength>, Cause> {
        let bad = Cause::BadExtension(ExtensionType::MaxFragmentLength);
        let Some(data) = self.data(ExtensionType::MaxFragmentLength) else { return Ok(None) };
        let &[code] = data else { return Err(bad) };
        let length = MaxFragmentLength::from_code(code);
        length.octets().map(|_| Some(length)).ok_or(bad)
    }

    /// Whether renegotiation_info is there; if it is, it must hold `verify_data` (RFC 5746 3.4 to 3.7).
    pub(super) fn renegotiation_info(&self, verify_data: &[u8]) -> Result<bool, Cause> {
        match self.data(ExtensionType::RenegotiationInfo) {
            None => Ok(false),
            Some([length, held @ ..]) if usize::from(*length) == held.len() && held == verify_data => Ok(true),
            Some(_) => Err(Cause::RenegotiationInfo),
        }
    }
}
