//! What the machine that the harness runs on has no more of: threads, descriptors, memory. That is never the DUT's fault.

use std::io::{Error, ErrorKind};
use std::thread::{self, JoinHandle};

use crate::LinkError;

/// The numbers by which Linux and other systems say so.
#[cfg(unix)]
const NAMES: [(rustix::io::Errno, &str); 4] = [
    (rustix::io::Errno::MFILE, "EMFILE"),
    (rustix::io::Errno::NFILE, "ENFILE"),
    (rustix::io::Errno::NOMEM, "ENOMEM"),
    (rustix::io::Errno::NOBUFS, "ENOBUFS"),
];

/// Starts a thread that is not waited for, or says why there is none.
///
/// # Errors
/// [`LinkError::Exhausted`].
pub(crate) fn start_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, LinkError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|cause| LinkError::Exhausted { what: "no thread can be started".into(), cause: cause.to_string() })
}

/// The error as one of this machine, with its name, where it is one; given back where it is not.
pub(crate) fn of_this_machine(what: &str, cause: Error) -> Result<LinkError, Error> {
    #[cfg(unix)]
    let name =
        NAMES.iter().find(|(number, _)| cause.raw_os_error() == Some(number.raw_os_error())).map(|(_, name)| *name);
    #[cfg(not(unix))]
    let name: Option<&str> = None;
    match name {
        Some(name) => Ok(LinkError::Exhausted { what: what.to_owned(), cause: format!("{cause}, {name}") }),
        None if cause.kind() == ErrorKind::OutOfMemory => {
            Ok(LinkError::Exhausted { what: what.to_owned(), cause: cause.to_string() })
        }
        None => Err(cause),
    }
}
