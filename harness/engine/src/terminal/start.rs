//! What a terminal reads from a UICC before it offers its toolkit (TS 102 221 14, TS 31.102 5.1).

use dmsc_provision::Imsi;
use dmsc_provision::smart_card::Kind;
use dmsc_uicc::apdu::{CommandApdu, ResponseApdu};
use dmsc_uicc::fs::select::{read_binary, read_record, select_aid, select_id, select_path, verify_pin};
use dmsc_uicc::fs::{DirRecord, Fcp, ServiceTable, smsp};
use dmsc_uicc::object::Address;

use super::bootstrap::{Manner, Reading};
use super::config::TerminalConfig;
use crate::bootstrap::CARD_PIN;
use crate::choice::terminal::CardPin;
use crate::switch::Switch;

/// The first octets of every USIM's AID.
const USIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];

/// The most octets of a file that are read, which is what one READ BINARY brings; none of those that a terminal starts
/// with is longer, whatever its FCP says.
const READ: u16 = 256;

/// The services of EF.UST for EF.SMSP, and for control of what is sent (TS 31.102 4.2.8).
const SMSP: u8 = 12;
const MO_SMS_CONTROL: u8 = 31;

/// A step of the start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    SelectMf,
    /// PIN1, where the user has given it: how many tries are left, and the PIN.
    PinTries,
    VerifyPin,
    SelectIccid,
    ReadIccid,
    SelectPl,
    ReadPl,
    SelectDir,
    ReadDir,
    /// The smart card bootstrap, before the USIM or, when the card is idle, behind all else.
    Bootstrap,
    LateBootstrap,
    SelectUsim,
    SelectUst,
    ReadUst,
    PinStatus,
    SelectImsi,
    ReadImsi,
    SelectAd,
    ReadAd,
    SelectSmsp,
    ReadSmsp,
    Done,
    /// After a late bootstrap: the USIM again, and then what there is to do.
    SelectUsimAgain,
    Ready,
}

/// What the terminal learns on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    aid: Vec<u8>,
    services: Option<ServiceTable>,
    /// Whose subscription it is.
    imsi: Option<Imsi>,
    /// The service centre of short messages.
    service_centre: Option<Address>,
    /// Size or record length of the file selected last.
    length: Option<u16>,
    /// How many records it has.
    records: Option<u8>,
    /// The step that presents the PIN which the user has given.
    pin: Option<Step>,
    /// How a smart card bootstrap is read, until it is.
    manner: Option<Manner>,
    /// The reading that is under way.
    reading: Option<Reading>,
    /// Whether one is to be read when the card is idle.
    late: bool,
}

impl Start {
    /// The start of such a terminal, whose user may have given a PIN for the card.
    pub(super) fn of(config: &TerminalConfig, pin_given: bool) -> Start {
        let TerminalConfig { bootstrap, choices, switches, .. } = config;
        let pin = match choices.terminal.card_pin {
            CardPin::AtOnce => Step::VerifyPin,
            CardPin::TriesFirst => Step::PinTries,
        };
        let presents = pin_given && !switches.on(Switch::NoCardPin);
        let manner = Manner::of(*bootstrap, choices.terminal, switches);
        Start { manner, pin: presents.then_some(pin), ..Start::default() }
    }

    /// What is left to be done with a card that is idle.
    pub(super) fn left(&mut self) -> Option<Step> {
        std::mem::take(&mut self.late).then_some(Step::LateBootstrap)
    }

    /// The documents of a bootstrap that was just read.
    pub(super) fn documents(&mut self) -> Vec<(Kind, Vec<u8>)> {
        let whole = self.reading.take_if(|reading| reading.command().is_none());
        whole.map(Reading::into_documents).unwrap_or_default()
    }

    /// Whether a bootstrap is to be read now. A card that has one names more in EF.DIR than its USIM.
    fn begins_bootstrap(&mut self) -> bool {
        let records = self.length.zip(self.records).filter(|(_, count)| *count > 1);
        let Some((manner, records)) = self.manner.take().zip(records) else { return false };
        self.late = manner.waits();
        self.reading = Some(Reading::new(manner, records));
        !self.late
    }

    /// Whether EF.UST names a service; `None` when it could not be read.
    pub(super) fn has_service(&self, service: u8) -> Option<bool> {
        self.services.as_ref().map(|table| table.has(service))
    }

    /// The IMSI, where the terminal has read it.
    pub(super) fn imsi(&self) -> Option<&Imsi> {
        self.imsi.as_ref()
    }

    /// The service centre of EF.SMSP, where the terminal has read it.
    pub(super) fn service_centre(&self) -> Option<Address> {
        self.service_centre.clone()
    }

    /// Whether the card wants to be told of short messages before they are sent, and so of their service centre.
    fn is_told_of_messages(&self) -> bool {
        [SMSP, MO_SMS_CONTROL].into_iter().all(|service| self.has_service(service) == Some(true))
    }

    /// The command of a step.
    pub(super) fn command(&self, step: Step) -> Option<CommandApdu> {
        let length = self.length.unwrap_or(READ).min(READ);
        Some(match step {
            Step::SelectMf => select_id(0x3F00),
            Step::SelectIccid => select_id(0x2FE2),
            Step::SelectPl => select_id(0x2F05),
            Step::SelectDir => select_id(0x2F00),
            Step::ReadDir => read_record(1, length),
            Step::Bootstrap | Step::LateBootstrap => self.reading.as_ref()?.command()?,
            Step::SelectUsim | Step::SelectUsimAgain => {
                select_aid(if self.aid.is_empty() { &USIM[..] } else { &self.aid })
            }
            Step::SelectUst => select_path(&[0x7FFF, 0x6F38]),
            Step::SelectImsi => select_path(&[0x7FFF, 0x6F07]),
            Step::SelectAd => select_path(&[0x7FFF, 0x6FAD]),
            Step::SelectSmsp => select_path(&[0x7FFF, 0x6F42]),
            Step::ReadSmsp => read_record(1, length),
            Step::ReadIccid | Step::ReadPl | Step::ReadUst | Step::ReadImsi | Step::ReadAd => read_binary(0, length),
            // An empty VERIFY PIN asks whether PIN 1 is wanted.
            Step::PinStatus | Step::PinTries => verify_query(),
            Step::VerifyPin => verify_pin(0x01, CARD_PIN),
            Step::Done | Step::Ready => return None,
        })
    }

    /// Takes the answer to a step and gives the next one. What is missing on the card is passed over: a terminal does
    /// not give a card up for a file it can do without.
    pub(super) fn next(&mut self, step: Step, response: &ResponseApdu) -> Step {
        let ok = response.sw.is_success();
        if matches!(
            step,
            Step::SelectIccid
                | Step::SelectPl
                | Step::SelectDir
                | Step::SelectUst
                | Step::SelectImsi
                | Step::SelectAd
                | Step::SelectSmsp
        ) {
            self.length = file_length(&response.data);
            self.records = record_count(&response.data);
        }
        match step {
            Step::SelectMf => self.pin.unwrap_or(Step::SelectIccid),
            Step::PinTries => Step::VerifyPin,
            Step::VerifyPin => Step::SelectIccid,
            Step::SelectIccid if ok => Step::ReadIccid,
            Step::SelectIccid | Step::ReadIccid => Step::SelectPl,
            Step::SelectPl if ok => Step::ReadPl,
            Step::SelectPl | Step::ReadPl => Step::SelectDir,
            Step::SelectDir if ok => Step::ReadDir,
            Step::SelectDir => Step::SelectUsim,
            Step::ReadDir => {
                self.aid = DirRecord::parse(&response.data).map(|record| record.aid).unwrap_or_default();
                if self.begins_bootstrap() { Step::Bootstrap } else { Step::SelectUsim }
            }
            Step::Bootstrap | Step::LateBootstrap => {
                let reading = self.reading.as_mut();
                let goes_on = reading.is_some_and(|reading| {
                    reading.next(response);
                    reading.command().is_some()
                });
                match step {
                    _ if goes_on => step,
                    Step::Bootstrap => Step::SelectUsim,
                    _ => Step::SelectUsimAgain,
                }
            }
            Step::SelectUsimAgain | Step::Ready => Step::Ready,
            Step::SelectUsim if ok => Step::SelectUst,
            Step::SelectUsim => Step::Done,
            Step::SelectUst if ok => Step::ReadUst,
            Step::SelectUst => Step::PinStatus,
            Step::ReadUst => {
                if ok && !response.data.is_empty() {
                    self.services = Some(ServiceTable(response.data.clone()));
                }
                Step::PinStatus
            }
            Step::PinStatus => Step::SelectImsi,
            Step::SelectImsi if ok => Step::ReadImsi,
            Step::ReadImsi => {
                self.imsi = Imsi::of_file(&response.data).filter(|_| ok);
                Step::SelectAd
            }
            Step::SelectImsi => Step::SelectAd,
            Step::SelectAd if ok => Step::ReadAd,
            Step::SelectAd | Step::ReadAd if self.is_told_of_messages() => Step::SelectSmsp,
            Step::SelectSmsp if ok => Step::ReadSmsp,
            Step::ReadSmsp => {
                self.service_centre = smsp::service_centre(&response.data).filter(|_| ok);
                Step::Done
            }
            Step::SelectAd | Step::ReadAd | Step::SelectSmsp | Step::Done => Step::Done,
        }
    }
}

fn verify_query() -> CommandApdu {
    let mut query = verify_pin(0x01, "");
    query.data.clear();
    query.le = None;
    query
}

/// Size or record length of a file.
pub(super) fn file_length(fcp: &[u8]) -> Option<u16> {
    let fcp = Fcp::parse(fcp).ok()?;
    match fcp.descriptor().and_then(|d| d.records) {
        Some((length, _)) => Some(length),
        None => fcp.file_size().and_then(|size| u16::try_from(size).ok()).filter(|size| *size > 0),
    }
}

fn record_count(fcp: &[u8]) -> Option<u8> {
    Fcp::parse(fcp).ok()?.descriptor()?.records.map(|(_, count)| count)
}
