//! `dmsc devices`: what is attached, and what it can be used for.

use clap::Args;
use dmsc_link::{LinkError, gadget, pcsc, usb};
use dmsc_octets::to_hex;
use dmsc_usb::descriptor::Offer;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Done;
use crate::layout::Table;
use crate::terminal::{BOLD, Terminal, paint};
use crate::yaml::quoted;

/// The rules by which an ordinary user may use the devices.
const RULES: &str = include_str!("../../../link/udev/70-dmsc.rules");

/// Show what is attached and what each device can be used for
///
/// PC/SC readers with their cards, UICCs on USB, SIMtrace2 boards, and the USB device controllers of this machine; for
/// each kind that cannot be used, what is missing and how to get it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc devices
  dmsc devices --json
  dmsc devices --udev-rules | sudo tee /etc/udev/rules.d/70-dmsc.rules")]
pub(crate) struct Devices {
    /// For scripts
    #[arg(long)]
    json: bool,
    /// Print udev rules that let an ordinary user use the devices, and nothing else
    #[arg(long, conflicts_with = "json")]
    udev_rules: bool,
}

/// A kind of device: its heading, what there is, or what is missing.
struct Section {
    key: &'static str,
    heading: &'static str,
    /// Else the words for what is missing, and what to try.
    found: Result<Vec<Found>, String>,
}

/// A device.
struct Found {
    name: String,
    state: String,
    /// The link of a DUT file that leads to it; none if it cannot be used as it is.
    link: Option<String>,
    detail: Value,
}

impl Devices {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        if self.udev_rules {
            terminal.out(RULES)?;
            return Ok(Exit::Conforms);
        }
        let sections = sections();
        if self.json {
            let all: serde_json::Map<String, Value> =
                sections.iter().map(|section| (section.key.to_owned(), section.json())).collect();
            terminal.json(&all)?;
        } else {
            let texts: Vec<String> = sections.iter().map(|section| section.text(terminal)).collect();
            terminal.out(&texts.join("\n"))?;
        }
        Ok(Exit::Conforms)
    }
}

fn sections() -> Vec<Section> {
    let attached = usb::list();
    vec![
        Section { key: "pcsc", heading: "Cards in PC/SC readers", found: pcsc::readers().map(readers).map_err(words) },
        Section { key: "usb", heading: "UICCs on USB", found: with(&attached, uicc) },
        Section { key: "simtrace2", heading: "SIMtrace2 boards", found: with(&attached, board) },
        Section { key: "gadget", heading: "USB device controllers", found: controllers().map_err(words) },
    ]
}

fn readers(readers: Vec<pcsc::Reader>) -> Vec<Found> {
    let found = |reader: pcsc::Reader| {
        let atr = to_hex(&reader.atr);
        let state = if atr.is_empty() { reader.state.to_string() } else { format!("{}, ATR {atr}", reader.state) };
        let usable =
            matches!(reader.state, pcsc::ReaderState::Present | pcsc::ReaderState::InUse { exclusively: false });
        Found {
            link: usable.then(|| format!("pcsc: {{ reader: {} }}", quoted(&reader.name))),
            detail: json!({ "atr": atr }),
            name: reader.name,
            state,
        }
    };
    readers.into_iter().map(found).collect()
}

/// The devices on USB of one kind.
fn with(
    attached: &Result<Vec<usb::DeviceInfo>, LinkError>,
    kind: fn(&usb::DeviceInfo) -> Option<Found>,
) -> Result<Vec<Found>, String> {
    match attached {
        Ok(devices) => Ok(devices.iter().filter_map(kind).collect()),
        Err(error) => Err(error.to_string()),
    }
}

fn words(error: LinkError) -> String {
    error.to_string()
}

fn uicc(device: &usb::DeviceInfo) -> Option<Found> {
    let offers = device.offers();
    let iccd = offers.iter().find_map(|offer| match offer {
        Offer::Iccd(iccd) => Some(iccd.variant),
        _ => None,
    });
    let eem = offers.contains(&Offer::Eem);
    // It may be meant as one.
    if let Some(why) = device.unreadable() {
        return Some(described(device, format!("cannot be used: {why}"), None));
    }
    if iccd.is_none() && !eem {
        return None;
    }
    let parts = [iccd.map(|variant| format!("ICCD {variant}")), eem.then(|| "EEM".to_owned())];
    let offered = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    Some(described(device, format!("{offered}, {}", device.speed), iccd.is_some().then(|| which("usb", device))))
}

fn board(device: &usb::DeviceInfo) -> Option<Found> {
    let board = usb::BoardInfo::of(device)?;
    let modes = board.slots.iter().map(|(number, mode)| format!("interface {number}: {mode}"));
    let link = board.emulates_cards().then(|| which("simtrace2", device));
    let firmware = device.firmware.as_ref().map(|version| format!("firmware {version}"));
    let state = firmware.into_iter().chain(modes).collect::<Vec<_>>().join(", ");
    let mut found = described(device, state, link);
    found.name = format!("{} ({})", board.board.name(), found.name);
    Some(found)
}

/// The words of a DUT file that mean this device and no other.
fn which(word: &str, device: &usb::DeviceInfo) -> String {
    match &device.serial {
        Some(serial) => format!("{word}: {{ serial: {} }}", quoted(serial)),
        None => format!("{word}: {{ path: {} }}", quoted(&device.path)),
    }
}

fn described(device: &usb::DeviceInfo, state: String, link: Option<String>) -> Found {
    let name = device.name.clone().unwrap_or_else(|| "unnamed".into());
    let detail = json!({
        "vendor": device.vendor, "product": device.product, "path": device.path, "serial": device.serial,
        "speed": device.speed.to_string(), "firmware": device.firmware, "problem": device.unread.as_ref().or(device.problem.as_ref()),
    });
    let state = match &device.problem {
        Some(problem) => format!("{state}; cannot be opened: {problem}"),
        None => state,
    };
    Found {
        name: format!("{name}, {:04x}:{:04x} at {}", device.vendor, device.product, device.path),
        state,
        link: link.filter(|_| device.problem.is_none()),
        detail,
    }
}

fn controllers() -> Result<Vec<Found>, LinkError> {
    let found = |controller: gadget::Controller| Found {
        link: Some(format!("gadget: {{ udc: {} }}", quoted(&controller.name))),
        state: format!("{}, {}", controller.state, controller.speed),
        detail: json!({ "speed": controller.speed }),
        name: controller.name,
    };
    Ok(gadget::controllers()?.into_iter().map(found).collect())
}

impl Section {
    fn text(&self, terminal: &Terminal) -> String {
        let heading = paint(terminal.color, BOLD, self.heading);
        match &self.found {
            Err(error) => format!("{heading}\n  cannot be used: {error}\n"),
            Ok(found) if found.is_empty() => format!("{heading}\n  none attached\n"),
            Ok(found) => {
                let mut table = Table::new(["device", "state", "link of a DUT file"]);
                for one in found {
                    table.row([
                        one.name.as_str().into(),
                        one.state.as_str().into(),
                        one.link.as_deref().unwrap_or("-").into(),
                    ]);
                }
                let lines: Vec<String> = table.render(terminal).lines().map(|line| format!("  {line}")).collect();
                format!("{heading}\n{}\n", lines.join("\n"))
            }
        }
    }

    fn json(&self) -> Value {
        match &self.found {
            Err(error) => json!({ "devices": [], "missing": error }),
            Ok(found) => {
                let devices = found.iter().map(|one| {
                    let mut device = json!({ "name": one.name, "state": one.state, "link": one.link });
                    if let (Some(device), Value::Object(detail)) = (device.as_object_mut(), &one.detail) {
                        device.extend(detail.clone());
                    }
                    device
                });
                json!({ "devices": devices.collect::<Vec<_>>(), "missing": null })
            }
        }
    }
}
