//! A card played over FunctionFS against a terminal that nobody here wrote: pcscd with its CCID driver.
//!
//! Run in the guest that has a device controller, udevd and nothing else that uses pcscd:
//! `harness/cli/tests/bench/guest -- cargo test -p dmsc-link --test iccd_pcscd -- --ignored`. It needs Debian's packages
//! `pcscd`, `libccid` and `opensc`.
#![cfg(all(feature = "gadget", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dmsc_link::gadget::{GadgetCard, GadgetConfig, GadgetSpeed, IccdFunction};
use dmsc_link::{Link, Opening, Signal, Time};
use dmsc_usb::descriptor::{Features, Variant};

/// The devices that Debian's CCID driver takes.
const DEVICES: &str = "/etc/libccid_Info.plist";

/// There is one device controller, so there is one card at a time.
static CONTROLLER: Mutex<()> = Mutex::new(());

/// TS 3B, T=0 first, then T=15 with the mark of a USB UICC.
const ATR: [u8; 8] = [0x3B, 0x80, 0x80, 0x81, 0x3F, 0xC7, 0xC0, 0xB9];

/// Kills the daemon when the test ends, however it does.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers SELECT with octets that tell the length of the command, READ BINARY with as many as it asks for.
fn answer(apdu: &[u8]) -> Vec<u8> {
    let data = match apdu {
        [_, 0xA4, ..] => vec![0x62, 0x02, 0x82, u8::try_from(apdu.len()).unwrap_or(0)],
        [_, 0xB0, _, p2, le] => vec![*p2; if *le == 0 { 256 } else { usize::from(*le) }],
        // Written as it should be: 255 octets, all alike.
        [_, 0xD6, _, _, 0xFF, data @ ..] if data == [0xA5; 255] => vec![],
        [_, 0xD6, _, _, 0x03, 1, 2, 3] => vec![],
        _ => return vec![0x6D, 0x00],
    };
    [data.as_slice(), &[0x90, 0x00]].concat()
}

fn serve(config: GadgetConfig, run: impl FnOnce()) {
    let mut card = GadgetCard::open(config).unwrap();
    card.begin(&Opening { atr: ATR.to_vec() }).unwrap();
    let poster = card.poster().unwrap();
    let thread = std::thread::spawn(move || {
        let mut heard = Vec::new();
        while let Ok(Some(signal)) = card.recv(Time::NEVER) {
            match &signal {
                Signal::PowerOn | Signal::Reset => card.send(Signal::Atr(ATR.to_vec())).unwrap(),
                Signal::Command(apdu) => {
                    // Slower than the driver asks again, so that it sees a card that is not ready.
                    if apdu.starts_with(&[0x00, 0xD6, 0x00, 0x00, 0x03]) {
                        std::thread::sleep(Duration::from_millis(300));
                    }
                    card.send(Signal::Response(answer(apdu))).unwrap();
                }
                _ => {}
            }
            heard.push(signal);
        }
        (heard, card.observed())
    });
    run();
    poster.wake();
    let (heard, observed) = thread.join().unwrap();
    println!("{observed:?}, {} signals", heard.len());
    assert!(heard.contains(&Signal::PowerOn));
    assert_eq!(observed.dropped, 0);
}

fn opensc(arguments: &[&str]) -> String {
    let output = Command::new("opensc-tool").args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// The driver's list of devices with the emulated card added to it.
fn list_with_card() -> String {
    let list = std::fs::read_to_string(DEVICES).unwrap();
    let added = [("ifdVendorID", "0x1D6B"), ("ifdProductID", "0x0105"), ("ifdFriendlyName", "dmsc USB UICC")];
    added.iter().fold(list, |list, (key, value)| {
        let (head, tail) = list.split_once(&format!("<key>{key}</key>")).unwrap();
        let tail = tail.replacen("<array>", &format!("<array><string>{value}</string>"), 1);
        format!("{head}<key>{key}</key>{tail}")
    })
}

/// Starts pcscd and waits until it says that it has seen the card.
fn pcscd() -> Daemon {
    let folder = std::env::temp_dir().join(format!("dmsc-pcscd-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("readers")).unwrap();
    std::fs::write(folder.join("devices"), list_with_card()).unwrap();
    // The daemon knows one place for that list, so it is given a file system of its own.
    let script = format!("mount --bind \"$1/devices\" {DEVICES} && exec pcscd -f -d -a -c \"$1/readers\"");
    let mut daemon = Command::new("unshare");
    daemon.args(["--mount", "sh", "-c", &script, "sh"]).arg(&folder);
    let mut child = Daemon(daemon.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut log = Vec::new();
    loop {
        match lines.next() {
            Some(Ok(line)) => {
                println!("{line}");
                log.push(line);
                if log.last().is_some_and(|line| line.contains("Card ATR: ")) {
                    break;
                }
            }
            _ => panic!("pcscd ended:\n{}", log.join("\n")),
        }
    }
    // Its log is read to the end, or it would block.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
    child
}

fn drives(config: GadgetConfig) {
    let _only = CONTROLLER.lock().unwrap_or_else(PoisonError::into_inner);
    let variant = config.iccd.variant;
    serve(config, || {
        let _daemon = pcscd();
        let atr = opensc(&["-a"]);
        assert!(atr.contains("3b:80:80:81:3f:c7:c0:b9"), "{variant}: {atr}");
        let long = format!("00D60000FF{}", "A5".repeat(255));
        for apdu in ["00A40004023F00", "00B0000540", "00B00007FA", "00D6000003010203", &long] {
            let text = opensc(&["-s", apdu]);
            assert!(text.contains("(SW1=0x90, SW2=0x00)"), "{variant}, {apdu}: {text}");
            let octets = text.matches("07 07 07 07 07 07 07 07 07 07 07 07 07 07 07 07").count();
            assert_eq!(octets, if apdu.ends_with("FA") { 15 } else { 0 }, "{variant}: {text}");
        }
    });
}

fn gadget(variant: Variant, speed: GadgetSpeed) -> GadgetConfig {
    GadgetConfig { iccd: IccdFunction::of(variant), speed, ..GadgetConfig::default() }
}

/// The same card, that takes and gives APDUs in parts of a hundred octets.
fn in_parts(mut config: GadgetConfig) -> GadgetConfig {
    config.iccd.part = Some(100);
    if let Some(class) = &mut config.iccd.descriptor {
        class.max_message = 110;
        class.features = Features(Features::TOKEN | Features::AUTO_PARAMETERS | Features::EXTENDED_APDU);
    }
    config
}

#[test]
#[ignore = "needs a device controller and pcscd: run it in the guest"]
fn control_b() {
    drives(gadget(Variant::ControlB, GadgetSpeed::Full));
    drives(in_parts(gadget(Variant::ControlB, GadgetSpeed::High)));
}

#[test]
#[ignore = "needs a device controller and pcscd: run it in the guest"]
fn bulk() {
    drives(gadget(Variant::Bulk, GadgetSpeed::Full));
    drives(in_parts(gadget(Variant::Bulk, GadgetSpeed::High)));
}

#[test]
#[ignore = "needs a device controller and pcscd: run it in the guest"]
fn control_a() {
    drives(gadget(Variant::ControlA, GadgetSpeed::Full));
}
