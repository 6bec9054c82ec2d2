//! The file system of the card (TS 102 221 clauses 8, 11 and 13; TS 31.102).

mod fcp;
mod files;
pub mod select;

pub use fcp::{Fcp, FcpError, FileDescriptor, FileStructure};
pub use files::{AIDS, Aid, DirError, DirRecord, FILES, File, ServiceTable, aid_name, file_name, service};
