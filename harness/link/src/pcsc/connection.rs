//! The Unix socket by which libpcsclite talks to pcscd, which it shows to nobody.
//!
//! On Linux it is found among the process's sockets: it was not there before the context was made, and its peer is
//! pcscd. Elsewhere it is not found, and an exchange with a card that stays silent for ever ends only with
//! the daemon.

#[cfg(target_os = "linux")]
use std::path::Path;
#[cfg(all(unix, not(target_os = "macos")))]
use std::path::PathBuf;

/// Where pcscd listens, unless the environment says otherwise.
#[cfg(all(unix, not(target_os = "macos")))]
const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// The variable by which libpcsclite is told another place.
#[cfg(all(unix, not(target_os = "macos")))]
const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// Where pcscd listens for the programs of this host.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) fn daemon_socket() -> PathBuf {
    std::env::var_os(SOCKET_VARIABLE).map_or_else(|| SOCKET.into(), PathBuf::from)
}

/// Whether a peer of this name is pcscd. libpcsclite may have been built for another folder, so the file decides.
#[cfg(target_os = "linux")]
fn is_daemon(peer: &Path) -> bool {
    peer == daemon_socket() || peer.to_string_lossy().ends_with("pcscd.comm")
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::net::Shutdown;
    use std::os::fd::{BorrowedFd, RawFd};
    use std::os::unix::net::UnixStream;
    use std::path::PathBuf;

    /// The sockets of this process at one moment, by the names that the kernel gives them: numbers of descriptors are
    /// used again.
    #[derive(Clone, Debug, Default)]
    pub(in crate::pcsc) struct Sockets(HashSet<PathBuf>);

    /// A second descriptor of a connection to pcscd; the first is libpcsclite's.
    #[derive(Debug)]
    pub(in crate::pcsc) struct Connection(UnixStream);

    impl Sockets {
        /// Those that are open now.
        pub(in crate::pcsc) fn now() -> Sockets {
            Sockets(sockets().map(|(_, name)| name).collect())
        }

        /// The connections to pcscd that have come since.
        pub(in crate::pcsc) fn newcomers(&self) -> Vec<Connection> {
            let new = sockets().filter(|(_, name)| !self.0.contains(name));
            new.filter_map(|(fd, _)| Connection::find(fd)).collect()
        }
    }

    /// Descriptors of sockets, and the sockets' names.
    fn sockets() -> impl Iterator<Item = (RawFd, PathBuf)> {
        let listed = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let named = listed.filter_map(|entry| {
            let fd = entry.file_name().to_str()?.parse().ok()?;
            Some((fd, std::fs::read_link(entry.path()).ok()?))
        });
        named.filter(|(_, name)| name.to_string_lossy().starts_with("socket:"))
    }

    impl Connection {
        /// The connection behind a descriptor, if it is one to pcscd.
        #[allow(unsafe_code)] // Nothing safe duplicates a descriptor known by its number only.
        fn find(fd: RawFd) -> Option<Connection> {
            // SAFETY: the number came from the list of open descriptors, so it is not -1, and it is used for nothing
            // but its duplication. Should another thread have closed it meanwhile, there is no descriptor to
            // duplicate, or that of another file; of that one the duplicate is closed again unused, because its peer
            // is not pcscd.
            let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
            let stream = UnixStream::from(borrowed.try_clone_to_owned().ok()?);
            let found = stream.peer_addr().ok()?.as_pathname().is_some_and(super::is_daemon);
            found.then_some(Connection(stream))
        }

        /// Ends the connection for both descriptors; whoever waits for an answer gets an end instead.
        pub(in crate::pcsc) fn shut_down(&self) {
            let _ = self.0.shutdown(Shutdown::Both);
        }

        #[cfg(test)]
        pub(in crate::pcsc) fn path(&self) -> String {
            let peer = self.0.peer_addr().unwrap();
            peer.as_pathname().unwrap().to_string_lossy().into_owned()
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    /// Not known here.
    #[derive(Clone, Debug, Default)]
    pub(in crate::pcsc) struct Sockets;

    /// Never found here.
    #[derive(Debug)]
    pub(in crate::pcsc) enum Connection {}

    impl Sockets {
        pub(in crate::pcsc) fn now() -> Sockets {
            Sockets
        }

        pub(in crate::pcsc) fn newcomers(&self) -> Vec<Connection> {
            Vec::new()
        }
    }

    impl Connection {
        pub(in crate::pcsc) fn shut_down(&self) {
            match *self {}
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{Connection, Sockets};
#[cfg(target_os = "linux")]
pub(super) use linux::{Connection, Sockets};
