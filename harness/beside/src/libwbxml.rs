//! libwbxml 0.11, as far as both ways of SyncML go.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_uchar, c_uint, c_void};
use std::{ptr, slice};

use libloading::{Library, Symbol};

/// `WBXML_LANG_SYNCML_SYNCML12` of wbxml_conv.h.
const SYNCML_1_2: c_int = 2201;
/// `WBXML_CHARSET_UTF_8`, by its MIBenum.
const UTF_8: c_int = 106;
/// `WBXML_GEN_XML_COMPACT`: no line breaks.
const COMPACT: c_int = 0;

type Convert = unsafe extern "C" fn(*mut c_void, *mut c_uchar, c_uint, *mut *mut c_uchar, *mut c_uint) -> c_int;
type Create = unsafe extern "C" fn(*mut *mut c_void) -> c_int;
type SetType = unsafe extern "C" fn(*mut c_void, c_int);
type Destroy = unsafe extern "C" fn(*mut c_void);
type TreeFrom = unsafe extern "C" fn(*mut c_uchar, c_uint, c_int, c_int, *mut *mut c_void) -> c_int;
type TreeFromXml = unsafe extern "C" fn(*mut c_uchar, c_uint, *mut *mut c_void) -> c_int;
type TreeTo = unsafe extern "C" fn(*mut c_void, *mut *mut c_uchar, *mut c_uint, *mut c_void) -> c_int;

unsafe extern "C" {
    /// What libwbxml hands out is of malloc.
    fn free(memory: *mut c_void);
}

/// libwbxml of the system.
#[derive(Debug)]
pub struct LibWbxml {
    library: Library,
}

/// A document that libwbxml has read.
#[derive(Debug)]
pub struct Tree<'l> {
    library: &'l Library,
    tree: *mut c_void,
}

impl LibWbxml {
    /// None where it is not installed.
    pub fn load() -> Option<LibWbxml> {
        // SAFETY: libwbxml runs nothing when it is loaded.
        let library = unsafe { Library::new("libwbxml2.so.1") }.ok()?;
        Some(LibWbxml { library })
    }

    /// XML out of WBXML, without line breaks; None when it is refused.
    pub fn to_xml(&self, wbxml: &[u8]) -> Option<Vec<u8>> {
        let gen_type: &[u8] = b"wbxml_conv_wbxml2xml_set_gen_type\0";
        let names = ["wbxml_conv_wbxml2xml_create\0", "wbxml_conv_wbxml2xml_run\0", "wbxml_conv_wbxml2xml_destroy\0"];
        self.convert(wbxml, names, Some(gen_type))
    }

    /// WBXML out of XML; None when it is refused.
    pub fn to_wbxml(&self, xml: &[u8]) -> Option<Vec<u8>> {
        let names = ["wbxml_conv_xml2wbxml_create\0", "wbxml_conv_xml2wbxml_run\0", "wbxml_conv_xml2wbxml_destroy\0"];
        self.convert(xml, names, None)
    }

    fn convert(&self, document: &[u8], names: [&str; 3], compact: Option<&[u8]>) -> Option<Vec<u8>> {
        let [create, run, destroy] = names;
        let length = c_uint::try_from(document.len()).ok()?;
        let (mut converter, mut out, mut out_length) = (ptr::null_mut(), ptr::null_mut(), 0);
        // SAFETY: the types are those of wbxml_conv.h. The input is only read. What `run` leaves in `out` is of malloc,
        // has `out_length` octets, and is freed once.
        unsafe {
            let create: Symbol<'_, Create> = self.library.get(create.as_bytes()).ok()?;
            let run: Symbol<'_, Convert> = self.library.get(run.as_bytes()).ok()?;
            let destroy: Symbol<'_, Destroy> = self.library.get(destroy.as_bytes()).ok()?;
            if create(&mut converter) != 0 {
                return None;
            }
            if let Some(name) = compact {
                let set: Symbol<'_, SetType> = self.library.get(name).ok()?;
                set(converter, COMPACT);
            }
            let done = run(converter, document.as_ptr().cast_mut(), length, &mut out, &mut out_length);
            destroy(converter);
            taken(done, out, out_length)
        }
    }

    /// A document of WBXML as a tree; None when it is refused.
    pub fn decode(&self, wbxml: &[u8]) -> Option<Tree<'_>> {
        let length = c_uint::try_from(wbxml.len()).ok()?;
        let mut tree = ptr::null_mut();
        // SAFETY: the types are those of wbxml_tree.h; the input is only read.
        let done = unsafe {
            let from: Symbol<'_, TreeFrom> = self.library.get(b"wbxml_tree_from_wbxml\0").ok()?;
            from(wbxml.as_ptr().cast_mut(), length, SYNCML_1_2, UTF_8, &mut tree)
        };
        (done == 0 && !tree.is_null()).then_some(Tree { library: &self.library, tree })
    }

    /// A document of XML as a tree; None when it is refused.
    pub fn decode_xml(&self, xml: &[u8]) -> Option<Tree<'_>> {
        let length = c_uint::try_from(xml.len()).ok()?;
        let mut tree = ptr::null_mut();
        // SAFETY: the types are those of wbxml_tree.h; the input is only read.
        let done = unsafe {
            let from: Symbol<'_, TreeFromXml> = self.library.get(b"wbxml_tree_from_xml\0").ok()?;
            from(xml.as_ptr().cast_mut(), length, &mut tree)
        };
        (done == 0 && !tree.is_null()).then_some(Tree { library: &self.library, tree })
    }
}

impl Tree<'_> {
    /// The tree as WBXML, in the manner that is libwbxml's own; None when it cannot be.
    pub fn encode(&self) -> Option<Vec<u8>> {
        self.write(b"wbxml_tree_to_wbxml\0")
    }

    /// The tree as XML, in the manner that is libwbxml's own; None when it cannot be.
    pub fn encode_xml(&self) -> Option<Vec<u8>> {
        self.write(b"wbxml_tree_to_xml\0")
    }

    /// The tree as the function writes it, which is one of those two.
    fn write(&self, function: &[u8]) -> Option<Vec<u8>> {
        let (mut out, mut length) = (ptr::null_mut(), 0);
        // SAFETY: the types are those of wbxml_tree.h, no parameters mean those of libwbxml, and the tree lives.
        unsafe {
            let to: Symbol<'_, TreeTo> = self.library.get(function).ok()?;
            let done = to(self.tree, &mut out, &mut length, ptr::null_mut());
            taken(done, out, length)
        }
    }
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        // SAFETY: the tree is one of `decode`, and nobody uses it after this.
        unsafe {
            if let Ok(destroy) = self.library.get::<Destroy>(b"wbxml_tree_destroy\0") {
                destroy(self.tree);
            }
        }
    }
}

/// A copy of what libwbxml has handed out.
///
/// # Safety
/// Where `done` is 0, `out` is null or has `length` octets of malloc that nobody else frees.
unsafe fn taken(done: c_int, out: *mut c_uchar, length: c_uint) -> Option<Vec<u8>> {
    if done != 0 || out.is_null() {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    // SAFETY: as the caller says.
    unsafe {
        let octets = slice::from_raw_parts(out, length).to_vec();
        free(out.cast());
        Some(octets)
    }
}

#[cfg(test)]
mod tests {
    use dmsc_dm::{transcode, wbxml, xml};

    use super::*;
    use crate::{messages, there};

    #[test]
    fn its_documents_are_ours() {
        let Some(libwbxml) = there(LibWbxml::load()) else { return };
        for sample in messages() {
            let ours = wbxml::decode(&sample.wbxml).unwrap().value;
            let theirs = libwbxml.to_xml(&sample.wbxml).unwrap();
            assert_eq!(xml::decode(&theirs).unwrap().value.commands.len(), ours.commands.len(), "{}", sample.name);
            let again = libwbxml.decode(&sample.wbxml).unwrap().encode().unwrap();
            assert_eq!(wbxml::decode(&again).unwrap().value.commands.len(), ours.commands.len(), "{}", sample.name);
            let again = libwbxml.decode_xml(&sample.xml).unwrap().encode_xml().unwrap();
            assert_eq!(xml::decode(&again).unwrap().value.commands.len(), ours.commands.len(), "{}", sample.name);
            // What either makes of the other's documents says the same.
            let read = |xml: &[u8]| xml::decode(xml).unwrap().value;
            let xml = transcode::to_xml(&libwbxml.to_wbxml(&sample.xml).unwrap()).unwrap().value;
            assert_eq!(read(&xml), ours, "{}", sample.name);
            let wbxml = transcode::to_wbxml(&sample.xml).unwrap().value;
            assert_eq!(read(&libwbxml.to_xml(&wbxml).unwrap()), ours, "{}", sample.name);
        }
        assert!(libwbxml.to_xml(b"no WBXML").is_none());
    }
}
