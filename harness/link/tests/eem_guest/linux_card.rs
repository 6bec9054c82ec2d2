//! A card played by Linux: the gadget function `eem`, its network interface in a namespace of its own with a TCP server
//! behind it, so that what reaches it has crossed USB.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::bulk::{PORT, READY};

/// dummy_hcd has one port, and the EEM functions of these tests come first in their gadget.
const USB_INTERFACE: &str = "/sys/bus/usb/devices/1-1:1.0";

const NAMESPACE: &str = "card";
const CARD: &str = "192.168.8.2";
const HOST: &str = "192.168.8.1";

pub(crate) struct LinuxCard {
    gadget: PathBuf,
    interface: String,
    children: Vec<Child>,
}

/// Runs a command line to its end.
pub(crate) fn run(line: &str) {
    let mut words = line.split_whitespace();
    let status = Command::new(words.next().unwrap()).args(words).status().unwrap();
    assert!(status.success(), "`{line}` ended with {status}");
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap_or_else(|error| panic!("{}: {error}", folder.join(name).display()));
}

/// The interface of Linux's own host driver.
pub(crate) fn host_interface() -> String {
    run(&format!("udevadm wait --timeout=60 {USB_INTERFACE}"));
    run("udevadm settle");
    let driver = fs::read_link(format!("{USB_INTERFACE}/driver")).unwrap();
    assert!(driver.ends_with("cdc_eem"), "{}", driver.display());
    let mut names = fs::read_dir(format!("{USB_INTERFACE}/net")).unwrap();
    names.next().unwrap().unwrap().file_name().into_string().unwrap()
}

impl LinuxCard {
    pub(crate) fn new() -> LinuxCard {
        let gadget = PathBuf::from("/sys/kernel/config/usb_gadget/eem");
        let function = gadget.join("functions/eem.0");
        for folder in ["", "strings/0x409", "configs/c.1/strings/0x409", "functions/eem.0"] {
            fs::create_dir_all(gadget.join(folder)).unwrap();
        }
        write(&gadget, "idVendor", "0x1d6b");
        write(&gadget, "idProduct", "0x0102");
        write(&gadget, "strings/0x409/serialnumber", "linux");
        std::os::unix::fs::symlink(&function, gadget.join("configs/c.1/eem.0")).unwrap();
        write(&gadget, "UDC", "dummy_udc.0");
        let interface = fs::read_to_string(function.join("ifname")).unwrap().trim().to_owned();
        run(&format!("ip netns add {NAMESPACE}"));
        run(&format!("ip link set {interface} netns {NAMESPACE}"));
        run(&format!("ip -n {NAMESPACE} link set lo up"));
        run(&format!("ip -n {NAMESPACE} link set {interface} up"));
        let mut server = Command::new("ip")
            .args(["netns", "exec", NAMESPACE])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "peer", "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains(READY)), "the TCP server ended");
        LinuxCard { gadget, interface, children: vec![server] }
    }

    /// Lets a DHCP client of the card find an address, in the background.
    pub(crate) fn ask_for_an_address(&mut self) {
        let script = std::env::temp_dir().join("udhcpc-script");
        fs::write(&script, "#!/bin/sh\n[ \"$1\" != bound ] || ip address add \"$ip/$mask\" dev \"$interface\"\n")
            .unwrap();
        run(&format!("chmod +x {}", script.display()));
        let client = Command::new("ip")
            .args(["netns", "exec", NAMESPACE, "busybox", "udhcpc", "-f", "-q", "-t", "100", "-T", "1"])
            .args(["-i", &self.interface, "-s"])
            .arg(script)
            .spawn()
            .unwrap();
        self.children.push(client);
    }

    /// Gives both of Linux's sides fixed addresses, and tells that of the card's server.
    pub(crate) fn set_addresses(&self) -> SocketAddr {
        let host = host_interface();
        run(&format!("ip address add {HOST}/24 dev {host}"));
        run(&format!("ip link set {host} up"));
        run(&format!("ip -n {NAMESPACE} address add {CARD}/24 dev {}", self.interface));
        format!("{CARD}:{PORT}").parse().unwrap()
    }

    pub(crate) fn unplug(&self) {
        fs::write(self.gadget.join("UDC"), "\n").unwrap();
    }

    pub(crate) fn plug(&self) {
        write(&self.gadget, "UDC", "dummy_udc.0");
    }
}

impl Drop for LinuxCard {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::write(self.gadget.join("UDC"), "\n");
        let _ = fs::remove_file(self.gadget.join("configs/c.1/eem.0"));
        for folder in ["configs/c.1/strings/0x409", "configs/c.1", "functions/eem.0", "strings/0x409", ""] {
            let _ = fs::remove_dir(self.gadget.join(folder));
        }
        let _ = Command::new("ip").args(["netns", "delete", NAMESPACE]).status();
    }
}
