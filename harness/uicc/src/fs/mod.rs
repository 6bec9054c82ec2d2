//! The file system of the card (TS 102 221 clauses 8, 11 and 13; TS 31.102).

mod access;
mod fcp;
mod files;
mod pin_status;
pub mod select;
pub mod smsp;

pub use access::{AccessRule, Condition, Operation};
pub use fcp::{Fcp, FcpError, FileDescriptor, FileStructure, LifeCycle, RuleReference};
pub use files::{AIDS, Aid, DirError, DirRecord, FILES, File, ServiceTable, aid_name, file_name, service};
pub use pin_status::PinStatus;
