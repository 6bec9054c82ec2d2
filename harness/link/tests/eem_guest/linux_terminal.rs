//! A terminal played by Linux: its driver `cdc_eem`, its TCP/IP, and a DHCP server on its side.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::process::{Child, Command};

use dmsc_ip::IpConfig;

use super::bulk::PORT;
use super::linux_card::{host_interface, run};

const HOST: &str = "192.168.9.1";
const CARD: &str = "192.168.9.2";

pub(crate) struct LinuxTerminal {
    interface: String,
    server: Child,
}

impl LinuxTerminal {
    /// Waits for a card, and gives it an address.
    pub(crate) fn new() -> LinuxTerminal {
        let interface = host_interface();
        run(&format!("ip address add {HOST}/24 dev {interface}"));
        run(&format!("ip link set {interface} up"));
        let folder = std::env::temp_dir();
        let (settings, leases) = (folder.join("udhcpd.conf"), folder.join("udhcpd.leases"));
        fs::write(&leases, "").unwrap();
        let lines = [
            format!("start {CARD}\nend {CARD}\ninterface {interface}"),
            format!("lease_file {}\npidfile {}", leases.display(), folder.join("udhcpd.pid").display()),
            "option subnet 255.255.255.0\noption lease 600\n".into(),
        ];
        fs::write(&settings, lines.join("\n")).unwrap();
        let server = Command::new("busybox").args(["udhcpd", "-f"]).arg(settings).spawn().unwrap();
        LinuxTerminal { interface, server }
    }

    pub(crate) fn card(&self) -> SocketAddr {
        format!("{CARD}:{PORT}").parse().unwrap()
    }

    pub(crate) fn card_by_ipv6(&self) -> SocketAddr {
        let index = fs::read_to_string(format!("/sys/class/net/{}/ifindex", self.interface)).unwrap();
        let address: Ipv6Addr = IpConfig::card().link_local();
        SocketAddrV6::new(address, PORT, 0, index.trim().parse().unwrap()).into()
    }

    /// Reads a page of the card with an HTTP client.
    pub(crate) fn get(&self) -> String {
        let url = format!("http://{CARD}:{PORT}/");
        let output = Command::new("busybox").args(["wget", "-q", "-O", "-", &url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for LinuxTerminal {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
