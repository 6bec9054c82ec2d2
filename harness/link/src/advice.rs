//! What to try when something of the system is missing, in the words of that system.

/// The systems that are advised on; any other is told what Linux is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    MacOs,
    Windows,
}

impl System {
    /// The one that this is built for.
    pub(crate) const HERE: System = if cfg!(target_os = "macos") {
        System::MacOs
    } else if cfg!(windows) {
        System::Windows
    } else {
        System::Linux
    };
}

/// How to get a build with PC/SC.
#[cfg_attr(all(not(test), feature = "pcsc"), expect(dead_code, reason = "said by a build without it"))]
pub(crate) fn build_with_pcsc(system: System) -> &'static str {
    match system {
        System::Linux => {
            "install libpcsclite-dev (Debian) or pcsc-lite-devel (Fedora) and build with `--features pcsc`"
        }
        System::MacOs | System::Windows => "build with `--features pcsc`; the system has all that it needs",
    }
}

/// How to get the service for PC/SC to run.
#[cfg_attr(all(not(test), not(feature = "pcsc")), expect(dead_code, reason = "said by the driver"))]
pub(crate) fn start_pcsc(system: System) -> &'static str {
    match system {
        System::Linux => "start it with `systemctl start pcscd.socket`, or `pcscd --foreground` as root",
        System::MacOs => "plug a reader in, which starts it; `system_profiler SPSmartCardsDataType` shows the readers",
        System::Windows => "plug a reader in, and start the service with `Start-Service SCardSvr` as administrator",
    }
}

/// What to do about a machine on which USB cannot be used.
#[cfg_attr(all(not(test), not(feature = "usb")), expect(dead_code, reason = "said by the driver"))]
pub(crate) fn have_usb(system: System) -> &'static str {
    match system {
        System::Linux => {
            "check that the machine has USB and that /dev/bus/usb is readable; a container has to be given it"
        }
        System::MacOs => "check that the machine has USB; a virtual machine has to be given the device",
        System::Windows => {
            "check the USB controllers in the device manager; a virtual machine has to be given the device"
        }
    }
}

/// How the user gets access to a device with these ids.
#[cfg_attr(all(not(test), not(feature = "usb")), expect(dead_code, reason = "said by the driver"))]
pub(crate) fn access_usb(system: System, vendor: u16, product: u16) -> String {
    match system {
        System::Linux => format!(
            "give the user access: write `SUBSYSTEM==\"usb\", ATTR{{idVendor}}==\"{vendor:04x}\", \
             ATTR{{idProduct}}==\"{product:04x}\", MODE=\"0660\", TAG+=\"uaccess\"` to /etc/udev/rules.d/70-dmsc.rules, \
             run `udevadm control --reload`, and plug the device in again"
        ),
        System::MacOs => "end the program or driver that has it, or run as root".into(),
        System::Windows => format!(
            "give {vendor:04x}:{product:04x} the driver WinUSB in place of its own, for example with Zadig, and plug it \
             in again"
        ),
    }
}

/// What to do about a device that another program has.
#[cfg_attr(all(not(test), not(feature = "usb")), expect(dead_code, reason = "said by the driver"))]
pub(crate) fn free_usb(system: System) -> &'static str {
    match system {
        System::Linux => {
            "another program has it; if that is pcscd, stop it with `systemctl stop pcscd.socket pcscd.service`"
        }
        System::MacOs => "another program or a driver of the system has it; end the program, or run as root",
        System::Windows => {
            "another program has it; if that is the smart card service, stop it with `Stop-Service SCardSvr` as \
             administrator"
        }
    }
}

/// What to do about a device that the system does not understand.
pub(crate) fn understand_usb(system: System) -> &'static str {
    match system {
        System::Linux => "`dmesg` says what Linux makes of its descriptors",
        System::MacOs => "`ioreg -p IOUSB -l` shows what the system makes of its descriptors",
        System::Windows => "the device manager shows what the system makes of its descriptors",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_is_advised_in_its_own_words() {
        let all = |system| {
            let fixed = [
                build_with_pcsc(system),
                start_pcsc(system),
                have_usb(system),
                free_usb(system),
                understand_usb(system),
            ];
            format!("{}\n{}", fixed.join("\n"), access_usb(system, 0x1D50, 0x60E3))
        };
        let linux = all(System::Linux);
        for word in
            ["libpcsclite-dev", "systemctl start pcscd.socket", "/dev/bus/usb", "systemctl stop", "udevadm", "dmesg"]
        {
            assert!(linux.contains(word), "{word}: {linux}");
            for other in [System::MacOs, System::Windows] {
                assert!(!all(other).contains(word), "{word} on {other:?}");
            }
        }
        assert!(linux.contains("ATTR{idVendor}==\"1d50\", ATTR{idProduct}==\"60e3\""), "{linux}");
        let windows = all(System::Windows);
        for word in ["SCardSvr", "WinUSB", "1d50:60e3", "device manager"] {
            assert!(windows.contains(word) && !linux.contains(word), "{word}: {windows}");
        }
        assert!(all(System::MacOs).contains("system_profiler"));
    }
}
