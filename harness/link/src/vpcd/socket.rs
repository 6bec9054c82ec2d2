//! How the connection to vpcd comes about.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::driver::{WRITE_LIMIT, failed};
use super::{VpcdConfig, VpcdSide};
use crate::LinkError;
use crate::interrupt::{self, Bell};

/// The first pause before a port that refuses is tried again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Where connections come from.
pub(super) enum Socket {
    Connects,
    Listens(TcpListener),
}

impl Socket {
    /// Binds the port when it is vpcd that connects.
    pub(super) fn prepare(config: &VpcdConfig) -> Result<Socket, LinkError> {
        match config.side {
            VpcdSide::Connect => Ok(Socket::Connects),
            VpcdSide::Listen => {
                let listener = TcpListener::bind(&config.address);
                let listener = listener.and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
                listener.map(Socket::Listens).map_err(|cause| failed(config, "listen on", cause))
            }
        }
    }

    /// A connection, at latest by `until`.
    pub(super) fn connect(&self, config: &VpcdConfig, until: Instant) -> Result<TcpStream, LinkError> {
        let stream = match self {
            Socket::Connects => dial(config, until)?,
            Socket::Listens(listener) => accept(listener, config, until)?,
        };
        let set = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_nodelay(true))
            .and_then(|()| stream.set_write_timeout(Some(WRITE_LIMIT)));
        set.map(|()| stream).map_err(|cause| failed(config, "connect to", cause))
    }
}

/// Acknowledges at once from now on, until the kernel finds that the connection answers by itself; to be said again
/// before each wait. Elsewhere than on Linux there is no such switch.
pub(super) fn quickack(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::TcpStreamExt;
        // A connection that is broken shows it when it is read.
        let _ = stream.set_quickack(true);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

fn dial(config: &VpcdConfig, until: Instant) -> Result<TcpStream, LinkError> {
    let unusable = |cause| failed(config, "connect to", cause);
    let mut addresses = config.address.to_socket_addrs().map_err(unusable)?;
    // vpcd knows IPv4 only, and `localhost` may be both.
    let address = addresses.by_ref().find(std::net::SocketAddr::is_ipv4).or_else(|| addresses.next());
    let address = address.ok_or_else(|| unusable(ErrorKind::NotFound.into()))?;
    let mut pause = FIRST_PAUSE;
    loop {
        interrupt::check()?;
        // A limit of zero is an error of its own.
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let cause = match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(cause) => cause,
        };
        let passing =
            matches!(cause.kind(), ErrorKind::ConnectionRefused | ErrorKind::TimedOut | ErrorKind::Interrupted);
        if !passing {
            return Err(unusable(cause));
        }
        if Instant::now() + pause >= until {
            return Err(LinkError::Missing {
                what: format!("nothing listens on {}: {cause}", config.address),
                remedy: "install Debian's vsmartcard-vpcd and start pcscd, or name vpcd's port in the DUT file".into(),
            });
        }
        std::thread::sleep(pause);
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

fn accept(listener: &TcpListener, config: &VpcdConfig, until: Instant) -> Result<TcpStream, LinkError> {
    let bell = Bell::hang();
    loop {
        interrupt::check()?;
        match listener.accept() {
            Ok((stream, _)) => return Ok(stream),
            Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(cause) => return Err(failed(config, "listen on", cause)),
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(LinkError::Missing {
                what: format!("vpcd did not connect to {}", config.address),
                remedy: "write `DEVICENAME host:0xPORT` for this host into vpcd's reader.conf, and start pcscd".into(),
            });
        }
        Bell::wait_beside(bell.as_ref(), listener, left);
    }
}
