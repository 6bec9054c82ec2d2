//! Expat, with namespaces, as far as reading a document goes.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use libloading::{Library, Symbol};

type Parser = *mut c_void;
type Create = unsafe extern "C" fn(*const c_char, c_char) -> Parser;
type Free = unsafe extern "C" fn(Parser);
type Parse = unsafe extern "C" fn(Parser, *const c_char, c_int, c_int) -> c_int;
type SetUserData = unsafe extern "C" fn(Parser, *mut c_void);
type SetElements = unsafe extern "C" fn(Parser, Option<Start>, Option<End>);
type SetCharacters = unsafe extern "C" fn(Parser, Option<Characters>);
type Start = unsafe extern "C" fn(*mut c_void, *const c_char, *const *const c_char);
type End = unsafe extern "C" fn(*mut c_void, *const c_char);
type Characters = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);

/// Expat of the system.
#[derive(Debug)]
pub struct Expat {
    library: Library,
}

/// What a document had, as expat told it.
#[derive(Debug, Default)]
struct Seen {
    elements: usize,
    characters: usize,
}

impl Expat {
    /// None where it is not installed.
    pub fn load() -> Option<Expat> {
        // SAFETY: expat runs nothing when it is loaded.
        let library = unsafe { Library::new("libexpat.so.1") }.ok()?;
        let expat = Expat { library };
        expat.read(b"<a/>").map(|_| expat)
    }

    /// How many elements and how many octets of character data a document has; None when it is not well-formed.
    pub fn read(&self, document: &[u8]) -> Option<(usize, usize)> {
        let length = c_int::try_from(document.len()).ok()?;
        let mut seen = Seen::default();
        // SAFETY: the types are those of expat.h; the parser is freed once, after its last use, and `seen` and
        // `document` live longer than it.
        unsafe {
            let create: Symbol<'_, Create> = self.library.get(b"XML_ParserCreateNS\0").ok()?;
            let free: Symbol<'_, Free> = self.library.get(b"XML_ParserFree\0").ok()?;
            let parse: Symbol<'_, Parse> = self.library.get(b"XML_Parse\0").ok()?;
            let user_data: Symbol<'_, SetUserData> = self.library.get(b"XML_SetUserData\0").ok()?;
            let elements: Symbol<'_, SetElements> = self.library.get(b"XML_SetElementHandler\0").ok()?;
            let characters: Symbol<'_, SetCharacters> = self.library.get(b"XML_SetCharacterDataHandler\0").ok()?;
            let parser = create(ptr::null(), 0x20);
            if parser.is_null() {
                return None;
            }
            user_data(parser, ptr::from_mut(&mut seen).cast());
            elements(parser, Some(started), Some(ended));
            characters(parser, Some(texted));
            let read = parse(parser, document.as_ptr().cast(), length, 1);
            free(parser);
            (read == 1).then_some((seen.elements, seen.characters))
        }
    }
}

unsafe extern "C" fn started(seen: *mut c_void, _name: *const c_char, _attributes: *const *const c_char) {
    // SAFETY: expat gives back the pointer of `read`, whose `seen` nobody else uses meanwhile.
    let seen = unsafe { &mut *seen.cast::<Seen>() };
    seen.elements = seen.elements.saturating_add(1);
}

unsafe extern "C" fn ended(_seen: *mut c_void, _name: *const c_char) {}

unsafe extern "C" fn texted(seen: *mut c_void, _text: *const c_char, length: c_int) {
    // SAFETY: as of `started`.
    let seen = unsafe { &mut *seen.cast::<Seen>() };
    seen.characters = seen.characters.saturating_add(usize::try_from(length).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::there;

    #[test]
    fn a_document_is_read_and_one_that_is_none_is_not() {
        let Some(expat) = there(Expat::load()) else { return };
        assert_eq!(expat.read(b"<a><b>cd</b><b/></a>"), Some((3, 2)));
        assert_eq!(expat.read(b"<a><b></a>"), None);
        assert_eq!(expat.read(b"<x:a/>"), None, "the prefix is not declared");
    }
}
