//! `dmsc bootstrap write`: the account, in one of the forms in which devices take it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dmsc_dm::syncml::Message;
use dmsc_dm::{wbxml, xml};
use dmsc_engine::account::Account as Own;
use dmsc_engine::bootstrap::given;
use dmsc_octets::to_hex;
use dmsc_provision::cp::Document;
use dmsc_provision::object::{self, Encoding};
use dmsc_provision::smart_card::{self, Kind};
use dmsc_provision::sms::{self, Way};
use dmsc_provision::{Account, Content, Push};

use super::keys::Keys;
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library;
use crate::terminal::Terminal;

/// Write the DM account of a DUT file for a device to take in
///
/// The account is that of the DM_SC Server: ServerID, AppAddr, credentials and first nonces, as `ixit` of the DUT file
/// has them. It is a document of OMA Client Provisioning, or the DMAcc object that a DM message adds to the Inbox of the
/// device. Octets are written to a file as they are, and to standard output in hexadecimal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc bootstrap write                          the account of the references, to read
  dmsc bootstrap write --dut handset.yaml --as wbxml -o account.wbxml
  dmsc bootstrap write --dut handset.yaml --as push --imsi 001010000000001 -o account.push
  dmsc bootstrap write --profile dm --device IMEI:004999010640000 --as wbxml -o account.dm
  dmsc bootstrap write --as object              the account as the object that it is in the device
  dmsc bootstrap write --dut handset.yaml --as sms --pin 1234 --to +15551234567
                                                SMS-SUBMIT PDUs for a modem, a line each")]
pub(super) struct Write {
    /// The DUT file whose account it is; that of the reference terminal unless given
    #[arg(long, value_name = "FILE")]
    dut: Option<PathBuf>,
    /// Which of its accounts
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    account: Which,
    /// Another AppAddr, such as where a DUT file has `{host}` and `{port}`
    #[arg(long, value_name = "URL")]
    address: Option<String>,
    /// By which profile of bootstrapping
    #[arg(long, value_name = "PROFILE", value_enum, default_value_t)]
    profile: Profile,
    /// The DevId of the device, to which a message of the profile `dm` is addressed
    #[arg(long, value_name = "URI", required_if_eq("profile", "dm"))]
    device: Option<String>,
    /// In which form
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t)]
    form: Form,
    #[command(flatten)]
    keys: Keys,
    /// The number that SMS-DELIVER PDUs come from
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "+15551234567",
        conflicts_with = "to",
        help_heading = "Short messages"
    )]
    from: String,
    /// Write SMS-SUBMIT PDUs to this number
    #[arg(long, value_name = "NUMBER", help_heading = "Short messages")]
    to: Option<String>,
    /// Where to write it; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// An account of a DUT file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Which {
    /// That of the DM_SC Server.
    #[default]
    Server,
    /// `other_account`.
    Other,
    /// Both.
    Both,
}

/// A profile of DMBOOT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// OMA Client Provisioning.
    #[default]
    Cp,
    /// OMA Device Management: a DM message that adds the account to the Inbox.
    Dm,
}

/// A form in which a device takes an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The document, or the DM message, to read.
    #[default]
    Xml,
    /// The same in WBXML.
    Wbxml,
    /// That in a WSP push.
    Push,
    /// That in short messages, a line each.
    Sms,
    /// The account as a management object in XML (TNDS), whatever the profile.
    Object,
    /// The files of a smart card that has it, for `applications` of a card file; `dmsc card --bootstrap` plays one.
    Card,
}

/// What is written.
enum Written {
    Text(String),
    Octets(Vec<u8>),
}

impl Write {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        if self.keys.protection().is_some() && !matches!(self.form, Form::Push | Form::Sms) {
            return Err(Failure::input(
                "a MAC is a part of a push; take `--as push` or `--as sms`, or leave the keys out",
            ));
        }
        let written = self.written()?;
        match &self.output {
            None => match written {
                Written::Text(text) => terminal.out(&text)?,
                Written::Octets(octets) => terminal.out(&format!("{}\n", to_hex(&octets)))?,
            },
            Some(path) => {
                let octets = match written {
                    Written::Text(text) => text.into_bytes(),
                    Written::Octets(octets) => octets,
                };
                std::fs::write(path, octets).map_err(|error| {
                    Failure::Input(format!(
                        "cannot write {}: {error}; name a file in a folder that can be written to",
                        path.display()
                    ))
                })?;
                terminal.note(&format!("{} has the account, secrets included", path.display()));
            }
        }
        Ok(Exit::Conforms)
    }

    fn written(&self) -> Result<Written, Failure> {
        let accounts: Vec<Account> = self.accounts()?.iter().map(given).collect();
        if self.form == Form::Object {
            let texts =
                accounts.iter().map(|account| Ok(object::of_account(account).to_xml().map_err(Failure::input)? + "\n"));
            return texts.collect::<Result<String, Failure>>().map(Written::Text);
        }
        let document = match self.profile {
            Profile::Cp => Described::Provisioning(Document::of_accounts(&accounts)),
            Profile::Dm => {
                let device = self.device.as_deref().unwrap_or_default();
                let encoding = if self.form == Form::Xml { Encoding::Xml } else { Encoding::Wbxml };
                Described::Message(Box::new(object::message(&accounts, device, encoding).map_err(Failure::input)?))
            }
        };
        if self.form == Form::Xml {
            return document.to_xml().map(Written::Text);
        }
        let octets = document.to_wbxml()?;
        if self.form == Form::Wbxml {
            return Ok(Written::Octets(octets));
        }
        if self.form == Form::Card {
            return Ok(Written::Text(application(document.kind(), &octets)));
        }
        let push = Push::new(1, document.content(), self.keys.protection().as_ref(), &octets);
        let push = push.encode().map_err(Failure::input)?;
        if self.form == Form::Push {
            return Ok(Written::Octets(push));
        }
        let messages = sms::messages(&push, &self.way()?, 1).map_err(Failure::input)?;
        Ok(Written::Text(messages.iter().map(|message| format!("{}\n", to_hex(message))).collect()))
    }

    fn way(&self) -> Result<Way, Failure> {
        let number = self.to.as_deref().unwrap_or(&self.from);
        let digits = number.strip_prefix('+').unwrap_or(number);
        let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let address = sms::SmsAddress::from_text(number).filter(|_| is_number).ok_or_else(|| {
            Failure::Input(format!(
                "`{number}` is no telephone number; write up to 20 digits, with + for an international one"
            ))
        })?;
        Ok(if self.to.is_some() { Way::Submit(address) } else { Way::Deliver(address) })
    }

    /// The accounts, each with an address that a device can take.
    fn accounts(&self) -> Result<Vec<Own>, Failure> {
        let bundle = library::bundle(None)?;
        let dut = match &self.dut {
            Some(path) => library::dut(path, &library::faults(&bundle)?)?,
            None => library::reference(&bundle, "reference-terminal", &[])?,
        };
        let other = || {
            dut.ixit.other_account.clone().ok_or_else(|| {
                Failure::Input(format!(
                    "{} has no `other_account`; add one to its `ixit`, or leave `--account` out",
                    dut.name
                ))
            })
        };
        let mut accounts = match self.account {
            Which::Server => vec![dut.ixit.account.clone()],
            Which::Other => vec![other()?],
            Which::Both => vec![dut.ixit.account.clone(), other()?],
        };
        for account in &mut accounts {
            if let Some(address) = &self.address {
                account.address.clone_from(address);
            }
            if account.address.contains(['{', '}']) {
                return Err(Failure::Input(format!(
                    "the address {} is known only while a run goes on; give the one for the device with --address",
                    account.address
                )));
            }
        }
        Ok(accounts)
    }
}

/// The accounts as a profile puts them.
enum Described {
    Provisioning(Document),
    Message(Box<Message>),
}

impl Described {
    fn to_xml(&self) -> Result<String, Failure> {
        match self {
            Self::Provisioning(document) => document.to_xml().map_err(Failure::input),
            Self::Message(message) => {
                let octets = xml::encode(message).map_err(Failure::input)?;
                String::from_utf8(octets).map(|text| text + "\n").map_err(Failure::input)
            }
        }
    }

    fn to_wbxml(&self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Provisioning(document) => document.to_wbxml().map_err(Failure::input),
            Self::Message(message) => wbxml::encode(message).map_err(Failure::input),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Provisioning(_) => Kind::ClientProvisioning,
            Self::Message(_) => Kind::DeviceManagement,
        }
    }

    fn content(&self) -> Content {
        match self {
            Self::Provisioning(_) => Content::Provisioning,
            Self::Message(_) => Content::DmMessage,
        }
    }
}

/// The PKCS#15 application with a document, as card files write one.
fn application(kind: Kind, document: &[u8]) -> String {
    let files = smart_card::files(&[(kind, document.to_vec())]);
    let mut text = format!(
        "# A record of EF.DIR names it: '{}'\n- aid: '{}'\n  files:\n",
        to_hex(&smart_card::directory_record()),
        to_hex(&smart_card::AID)
    );
    for file in files {
        // The rules of fixtures/cards/reference.yaml.
        let rule = if file.private { "subscription" } else { "public" };
        let content = to_hex(&file.content);
        text.push_str(&format!(
            "    - {{ id: '{:04X}', name: {}, rule: {rule}, content: '{content}' }}\n",
            file.id, file.name
        ));
    }
    text
}
