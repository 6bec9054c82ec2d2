//! Codecs of the UICC side: APDU, TLV, CAT, SMS and the file system.
