//! Wireshark: tshark reads connections between our client and our server.

use std::process::Command;

use dmsc_tls::{Client, Server, Suite};

use super::glue::*;

/// A capture file of IPv4 packets (LINKTYPE_RAW): the octets of a TCP connection, side by side.
struct Capture {
    octets: Vec<u8>,
    /// The next sequence numbers of the client and of the server.
    next: [u32; 2],
}

impl Capture {
    fn new() -> Capture {
        let head: [u32; 6] = [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 101];
        Capture { octets: head.iter().flat_map(|word| word.to_le_bytes()).collect(), next: [1, 1] }
    }

    fn add(&mut self, by_server: bool, octets: &[u8]) {
        for part in octets.chunks(1000) {
            let (own, peer) = if by_server { (1, 0) } else { (0, 1) };
            let length = u16::try_from(part.len() + 40).unwrap();
            let addresses = [[10, 0, 0, 1], [10, 0, 0, 2]];
            let ports = [[0xC3, 0x50], [0x11, 0x51]];
            let mut packet = vec![0x45, 0];
            packet.extend(length.to_be_bytes());
            packet.extend([0, 0, 0, 0, 64, 6, 0, 0]);
            packet.extend([addresses[own], addresses[peer]].concat());
            packet.extend([ports[own], ports[peer]].concat());
            packet.extend(self.next[own].to_be_bytes());
            packet.extend(self.next[peer].to_be_bytes());
            packet.extend([0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0]);
            packet.extend(part);
            self.next[own] += u32::try_from(part.len()).unwrap();
            let head: [u32; 4] = [0, 0, u32::from(length), u32::from(length)];
            self.octets.extend(head.iter().flat_map(|word| word.to_le_bytes()));
            self.octets.extend(packet);
        }
    }
}

#[test]
#[ignore = "needs gnutls-bin, openssl and tshark"]
fn a_connection_is_read_with_the_key_log() {
    for (version, suite, extended) in matrix(&Suite::DM_SC) {
        let config = with(client(), |config| {
            config.common.max_version = version;
            config.common.suites = vec![suite];
            config.common.encrypt_then_mac = extended;
            config.common.extended_master_secret = extended;
            config.common.split = dmsc_tls::Split::OneAndRest;
            config.common.key_log = true;
        });
        let (mut client, mut server) = (Client::new(config, 1), Server::new(server(), 2));
        let mut capture = Capture::new();
        for round in 0..4 {
            let up = client.take_output();
            capture.add(false, &up);
            server.receive(&up);
            let down = server.take_output();
            capture.add(true, &down);
            client.receive(&down);
            if round == 2 {
                client.send(b"GET /OMA/DM HTTP/1.1\r\nHost: localuicc\r\n\r\n").unwrap();
                server.send(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            }
        }
        let path = |name: &str| std::env::temp_dir().join(format!("dmsc-tls-{}.{name}", std::process::id()));
        std::fs::write(path("pcap"), &capture.octets).unwrap();
        std::fs::write(path("keys"), client.key_log()).unwrap();
        let mut tshark = Command::new("tshark");
        tshark.arg("-r").arg(path("pcap")).arg("-o").arg(format!("tls.keylog_file:{}", path("keys").display()));
        tshark.args(["-d", "tcp.port==4433,tls", "-d", "tls.port==4433,http", "-T", "fields"]);
        for field in ["tls.handshake.type", "tls.handshake.ciphersuite", "http.request.uri", "http.response.code"] {
            tshark.args(["-e", field]);
        }
        let output = tshark.output().expect("tshark is installed");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        // Both Finished, which only who has the keys can read.
        let types = told.lines().flat_map(|line| line.split('\t').next().unwrap_or_default().split(','));
        assert_eq!(types.filter(|kind| *kind == "20").count(), 2, "{version} {suite} {extended}: {told}");
        let shown = format!("0x{:04x}", suite.code());
        let seen = |text: &str| told.contains(text);
        assert!(seen("/OMA/DM") && seen("204") && seen(&shown), "{version} {suite} {extended}: {told}");
        assert!(!seen("Malformed"), "{told}");
        for name in ["pcap", "keys"] {
            let _ = std::fs::remove_file(path(name));
        }
    }
}
