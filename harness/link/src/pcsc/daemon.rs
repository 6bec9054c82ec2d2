//! Whether pcscd runs, and the wait for it.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::connection::daemon_socket;
use crate::LinkError;
use crate::advice::{System, start_pcsc};
use crate::interrupt;
#[cfg(target_os = "linux")]
use crate::interrupt::Bell;

/// The pause between two looks where the system tells of no event.
const PAUSE: Duration = Duration::from_millis(250);

/// What a connection to pcscd's socket came to.
#[derive(Debug)]
pub(super) enum Daemon {
    /// Somebody listens.
    Up,
    /// Nobody listens: no socket, or one left behind.
    Absent,
    /// Somebody listens and takes no connections; so does a daemon that was stopped.
    Full,
    /// The user may not.
    Denied,
    /// Anything else, in the system's words.
    Other(std::io::Error),
}

impl Daemon {
    /// Connects without ever waiting: libpcsclite itself would wait for ever for a daemon that takes no connections.
    pub(super) fn look() -> Daemon {
        let socket = daemon_socket();
        let tried = SocketAddrUnix::new(&*socket).and_then(|address| {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let stream = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
            rustix::net::connect(stream, &address)
        });
        match tried {
            Ok(()) => Daemon::Up,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::CONNREFUSED) => Daemon::Absent,
            Err(Errno::AGAIN) => Daemon::Full,
            Err(Errno::ACCESS | Errno::PERM) => Daemon::Denied,
            Err(other) => Daemon::Other(other.into()),
        }
    }

    /// Waits until somebody listens, at most until `until`.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when nobody does by then, or the user may not connect.
    pub(super) fn wait(until: Instant) -> Result<(), LinkError> {
        #[cfg(target_os = "linux")]
        let bell = Bell::hang();
        loop {
            interrupt::check()?;
            // Set before the look, so that nothing happens unseen in between.
            let arrival = Arrival::watch(&daemon_socket());
            let found = Daemon::look();
            if let Daemon::Up = found {
                return Ok(());
            }
            let passing = matches!(found, Daemon::Absent | Daemon::Full);
            let left = until.saturating_duration_since(Instant::now());
            if !passing || left.is_zero() {
                return Err(found.missing());
            }
            match (arrival, found) {
                #[cfg(target_os = "linux")]
                (Some(arrival), Daemon::Absent) => Bell::wait_beside(bell.as_ref(), &arrival.watched, left),
                // A queue that is full tells nobody when it has room again.
                _ => std::thread::sleep(left.min(PAUSE)),
            }
        }
    }

    /// What is wrong, for a person.
    pub(super) fn missing(&self) -> LinkError {
        let socket = daemon_socket();
        let socket = socket.display();
        let (what, remedy) = match self {
            Daemon::Up => (
                format!("pcscd on {socket} closed the connection"),
                "polkit may refuse this user (see its rule `org.debian.pcsc-lite.access_pcsc`); pcscd's log says why"
                    .to_owned(),
            ),
            Daemon::Absent => {
                (format!("pcscd does not run: nobody listens on {socket}"), start_pcsc(System::HERE).to_owned())
            }
            Daemon::Full => (
                format!("pcscd takes no connections on {socket}"),
                "see whether it was stopped (`kill -CONT`), or restart it".to_owned(),
            ),
            Daemon::Denied => (
                format!("{socket} may not be used by this user"),
                "let the user into the group that owns it, or run as root".to_owned(),
            ),
            Daemon::Other(cause) => {
                (format!("cannot connect to {socket}: {cause}"), start_pcsc(System::HERE).to_owned())
            }
        };
        LinkError::Missing { what, remedy }
    }
}

/// The wait for a socket to be made or opened.
struct Arrival {
    #[cfg(target_os = "linux")]
    watched: rustix::fd::OwnedFd,
}

#[cfg(target_os = "linux")]
impl Arrival {
    /// Watches the socket's folder, or the nearest one above that is there. pcscd binds its socket, listens, and then
    /// lets everybody use it: the last of these is an event after which a connection is taken.
    fn watch(socket: &Path) -> Option<Arrival> {
        use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
        let watched = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        let events = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ATTRIB | WatchFlags::DELETE_SELF;
        let watching = socket.ancestors().skip(1).any(|folder| inotify::add_watch(&watched, folder, events).is_ok());
        watching.then_some(Arrival { watched })
    }
}

#[cfg(not(target_os = "linux"))]
impl Arrival {
    fn watch(_socket: &Path) -> Option<Arrival> {
        None
    }
}
