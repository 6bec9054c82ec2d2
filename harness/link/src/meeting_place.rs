//! Where a DUT that is a process and the harness meet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Host and port of a TCP link: where the harness listens for a DM Client, or where a DM server listens for the harness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeetingPlace {
    /// The host, an IPv6 address without brackets.
    pub host: String,
    /// The port, in decimal.
    pub port: String,
    /// Whether the harness listens on every address of the machine, so that a DUT elsewhere reaches it by another host.
    pub everywhere: bool,
}

impl MeetingPlace {
    /// Of one who listens there. A DUT on this machine reaches one who listens everywhere on loopback.
    pub(crate) fn listening(address: SocketAddr) -> MeetingPlace {
        let host = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        MeetingPlace {
            host: host.to_string(),
            port: address.port().to_string(),
            everywhere: address.ip().is_unspecified(),
        }
    }

    /// Of a target `host:port`; `None` when it is none.
    pub(crate) fn of_target(target: &str) -> Option<MeetingPlace> {
        let (host, port) = target.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(MeetingPlace { host: host.into(), port: port.into(), everywhere: false })
    }

    /// A text with the values in for `{host}` and `{port}`; beside a port an IPv6 address has brackets.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{host}:{port}", &self.authority()).replace("{host}", &self.host).replace("{port}", &self.port)
    }

    /// `host:port`, as it stands in an address.
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_fills_commands_and_addresses() {
        let place = MeetingPlace::listening("127.0.0.1:4000".parse().unwrap());
        assert_eq!(place.fill("--server={host}:{port}"), "--server=127.0.0.1:4000");
        assert_eq!((place.authority(), place.everywhere), ("127.0.0.1:4000".to_owned(), false));
        let place = MeetingPlace::listening("[::1]:80".parse().unwrap());
        assert_eq!(place.fill("http://{host}:{port}/x"), "http://[::1]:80/x");
        assert_eq!(place.fill("{host}"), "::1");
    }

    #[test]
    fn one_who_listens_everywhere_is_reached_on_loopback() {
        for (listens, reached) in [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:2", "[::1]:2")] {
            let place = MeetingPlace::listening(listens.parse().unwrap());
            assert_eq!((place.authority().as_str(), place.everywhere), (reached, true));
        }
    }

    #[test]
    fn a_target_is_taken_apart() {
        assert_eq!(MeetingPlace::of_target("localhost:80").map(|p| p.authority()), Some("localhost:80".into()));
        assert_eq!(MeetingPlace::of_target("[::1]:80").map(|p| p.host), Some("::1".into()));
        assert_eq!(MeetingPlace::of_target("nowhere"), None);
    }
}
