//! Codecs of OMA DM 1.2: Package#0, SyncML in XML and WBXML, authentication, the management tree.
