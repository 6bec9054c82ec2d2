//! Reading DUT files: what the schema cannot say.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::OnceLock;

use dmsc_doc::{Definitions, Node, Problem, Problems, Schema, Source, load, nearest};
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::messages::FacilitiesWith;
use dmsc_link::{Command, JOB, TcpConfig};
use dmsc_scr::{DutKind, Ics, Readings, Tables};
use serde_json::{Map, Value};

use super::connection::{WORDS, Word, chosen};
use super::device::RECOVERY;
use super::nonces::AFRESH;
use super::{BenchSpec, Builtin, Device, Dut, FileError, Files, Jobs, LinkSpec, NonceFile, dut_schema};
use crate::catalogue::Role;
use crate::fault::Fault;
use crate::ixit::{DEFAULT_PORT, Ixit, MEETING_ADDRESS, TABLE_PORT, ixit_schema};
use crate::variant::{Variant, read_choices, read_profile};

pub(super) fn parse(source: &Source, files: &dyn Files, faults: &[Fault]) -> Result<Dut, Vec<Problems>> {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    let root = load(source, SCHEMA.get_or_init(dut_schema), &Definitions::new()).map_err(|problems| vec![problems])?;
    let mut reader = Reader { root: &root, folder: files.folder(), problems: Vec::new(), others: Vec::new() };
    let kind = if reader.text("kind") == "card" { DutKind::Card } else { DutKind::Terminal };
    let link = reader.link(kind);
    let faults = reader.faults(kind, &link, faults);
    let variant = reader.variant(kind, &link);
    let card = reader.card(kind, &link, files);
    let nonces = reader.nonces(&link, files);
    let ics = reader.ics(kind, files);
    let ixit = root.get("ixit").map(|node| crate::case::json(&ixit_schema(), node, &Definitions::new()));
    let mut ixit = ixit.as_ref().and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    if matches!(link, LinkSpec::Tcp(_)) {
        meet(&mut ixit);
    } else {
        reader.placeless();
    }
    let mut interpretations = ics.as_ref().map(|ics| ics.interpretations().clone()).unwrap_or_default();
    for entry in root.get("interpretations").map(Node::entries).unwrap_or_default() {
        interpretations.extend(entry.value.written().map(|choice| (entry.key.clone(), choice.to_owned())));
    }
    let tls_root = reader.tls_root(files);
    let acts = root.get("operator").map(Node::entries).unwrap_or_default();
    let operator: BTreeMap<_, _> = acts.iter().map(|entry| (entry.key.clone(), reader.command(&entry.value))).collect();
    let (name, reset) = (reader.text("name"), root.get("reset").map(|node| reader.command(node)));
    let jobs = reader.jobs(&link);
    let own = Problems::none_or(source, reader.problems, ()).err();
    let wrong: Vec<Problems> = own.into_iter().chain(reader.others).collect();
    // Without problems there is a statement.
    let Some(ics) = ics.filter(|_| wrong.is_empty()) else { return Err(wrong) };
    let port = match Readings::of(Tables::builtin(), &interpretations).of_point("plain-http-address") {
        "table-port" => TABLE_PORT,
        _ => DEFAULT_PORT,
    };
    let mut ixit = Ixit::from_value(&ixit, port).map_err(|problem| {
        let span = root.get("ixit").map_or(root.span, |node| node.span);
        vec![Problems::new(source.clone(), vec![Problem::new(span, problem.to_string())])]
    })?;
    ixit.account.certificates.root = tls_root;
    let file = source.name.clone();
    let shows_secrets = false;
    Ok(Dut {
        name,
        kind,
        link,
        ics,
        ixit,
        interpretations,
        faults,
        variant,
        card,
        nonces,
        jobs,
        reset,
        operator,
        file,
        shows_secrets,
    })
}

struct Reader<'a> {
    root: &'a Node,
    /// Where commands run.
    folder: Option<PathBuf>,
    problems: Vec<Problem>,
    /// What is wrong with files that this one names; told in their own text, after what is wrong here.
    others: Vec<Problems>,
}

impl Reader<'_> {
    fn text(&self, key: &str) -> String {
        self.root.get(key).and_then(Node::written).unwrap_or_default().to_owned()
    }

    fn link(&mut self, kind: DutKind) -> LinkSpec {
        let link = self.root.get("link");
        if let Some(node) = link.and_then(|link| link.get("builtin")) {
            let builtin = Builtin::ALL.into_iter().find(|builtin| node.written() == Some(builtin.as_str()));
            let builtin = builtin.unwrap_or(Builtin::Silent);
            self.other_kind(node, builtin, kind);
            self.unused(&["bench", "recovery"], "a link to a device, such as `pcsc` or `vpcd`");
            return LinkSpec::Builtin(builtin);
        }
        if let Some((word, settings)) = link.and_then(chosen) {
            return self.device(kind, word, settings);
        }
        self.unused(&["bench", "recovery"], "a link to a device, such as `pcsc` or `vpcd`");
        let Some(entry) = link.and_then(|link| link.entry("tcp")) else { return LinkSpec::Builtin(Builtin::Silent) };
        let tcp = &entry.value;
        let needs = match kind {
            DutKind::Terminal => [
                ("listen", "where the harness, as the card, waits for the DM Client"),
                ("notify", "how a notification reaches the DM Client"),
            ]
            .as_slice(),
            DutKind::Card => [("connect", "where the SCWS of the card listens")].as_slice(),
        };
        for (key, why) in needs {
            if tcp.get(key).is_none() {
                self.problems.push(
                    Problem::new(entry.key_span, format!("a {kind} over TCP needs `{key}`"))
                        .label(format!("`{key}` is missing"))
                        .help(format!("add `{key}:`, {why}")),
                );
            }
        }
        let useless: &[&str] = match kind {
            DutKind::Terminal => &["connect", "wake"],
            DutKind::Card => &["listen", "notify", "ends_with_command"],
        };
        for key in useless {
            if let Some(found) = tcp.entry(key) {
                let other = if kind == DutKind::Card { "terminal" } else { "card" };
                self.problems.push(
                    Problem::new(found.key_span, format!("`{key}` is of no use with a {kind}"))
                        .label(format!("belongs to a {other}"))
                        .help(format!("leave it out, or write `kind: {other}`")),
                );
            }
        }
        for (key, basis) in [("ready", "start"), ("ends_with_command", "notify")] {
            if let (Some(entry), None) = (tcp.entry(key), tcp.get(basis)) {
                self.problems.push(
                    Problem::new(entry.key_span, format!("`{key}` without `{basis}`"))
                        .label("there is no process that it could speak of")
                        .help(format!("add `{basis}:`, or leave out `{key}:`")),
                );
            }
        }
        let text = |key: &str| tcp.get(key).and_then(Node::written).map(str::to_owned);
        let run = |key: &str| tcp.get(key).map(|node| self.command(node));
        LinkSpec::Tcp(Box::new(TcpConfig {
            listen: text("listen"),
            connect: text("connect"),
            start: run("start"),
            ready: text("ready"),
            notify: run("notify"),
            ends_with_command: tcp.get("ends_with_command").and_then(Node::as_bool).unwrap_or_default(),
            wake: run("wake"),
        }))
    }

    /// A command, written as its words alone or with the time that it may take.
    fn command(&self, node: &Node) -> Command {
        let words = node.get("run").unwrap_or(node).items().iter().filter_map(Node::written).map(str::to_owned);
        let within = node.get("within").and_then(Node::written).and_then(|text| dmsc_doc::parse_duration(text).ok());
        Command { folder: self.folder.clone(), within, ..Command::new(words.collect()) }
    }

    /// How many may run at once; each of them needs an address of its own.
    fn jobs(&mut self, link: &LinkSpec) -> Jobs {
        let LinkSpec::Tcp(_) = link else {
            self.unused(&["jobs"], "a `tcp` link");
            return Jobs::default();
        };
        let most = self.root.get("jobs").and_then(Node::as_int).and_then(|most| usize::try_from(most).ok());
        let most = most.and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        let tcp = self.root.get("link").and_then(|link| link.get("tcp"));
        let shared = ["listen", "connect"].into_iter().filter_map(|key| tcp?.entry(key)).find(|entry| {
            let address = entry.value.written().unwrap_or_default();
            !address.contains(JOB) && (entry.key == "connect" || !address.ends_with(":0"))
        });
        if let (Some(entry), 2..) = (shared, most.get()) {
            self.problems.push(
                Problem::new(entry.value.span, "one address for several that run at once")
                    .label("each needs its own")
                    .help(format!("put `{JOB}` into the port (`127.0.0.1:245{JOB}`), let the system choose one (`listen: 127.0.0.1:0`), or leave out `jobs`")),
            );
        }
        if let (Some(entry), 2..) = (self.root.entry("nonces"), most.get()) {
            self.problems.push(
                Problem::new(entry.key_span, "one file of nonces for several that run at once")
                    .label("it keeps those of one DUT")
                    .help("leave out `jobs`"),
            );
        }
        Jobs { most, number: 0 }
    }

    /// Keys that go with something the file does not have.
    fn unused(&mut self, keys: &[&str], wanted: &str) {
        for entry in keys.iter().filter_map(|key| self.root.entry(key)) {
            self.problems.push(
                Problem::new(entry.key_span, format!("`{}` goes with {wanted}", entry.key))
                    .label("of no use with this `link`")
                    .help("leave it out"),
            );
        }
    }

    /// A connection a player of this role cannot be at this end of.
    fn misplaced(&mut self, node: &Node, word: &Word, plays: Role, who: &str) {
        if word.plays != plays {
            let fitting: Vec<&str> = WORDS.iter().filter(|word| word.plays == plays).map(|word| word.name).collect();
            let is = if word.plays == Role::Card { "card" } else { "terminal" };
            self.problems.push(
                Problem::new(node.span, format!("with `{}` {who} would be the {is}", word.name))
                    .label("cannot be reached this way")
                    .help(format!("choose one of {}", fitting.join(", "))),
            );
        }
    }

    fn device(&mut self, kind: DutKind, word: &'static Word, settings: &Node) -> LinkSpec {
        let (harness, dut) = match kind {
            DutKind::Card => (Role::Terminal, Role::Card),
            DutKind::Terminal => (Role::Card, Role::Terminal),
        };
        self.misplaced(settings, word, harness, "the harness");
        let bench = self.root.get("bench").and_then(|node| {
            let far = node.get("link")?;
            let (word, settings) = chosen(far)?;
            self.misplaced(far, word, dut, "the DUT");
            let builtin = node.get("builtin")?;
            let found = Builtin::ALL.into_iter().find(|known| builtin.written() == Some(known.as_str()))?;
            self.other_kind(builtin, found, kind);
            Some(BenchSpec { builtin: found, connection: (word.read)(settings) })
        });
        if let (Some(iso), Some(_)) = (settings.entry("iso"), &bench) {
            self.problems.push(
                Problem::new(iso.key_span, "a bench has one far end, and `iso` leads to another")
                    .label("of no use with `bench`")
                    .help("leave it out"),
            );
        }
        let recovery = self.root.get("recovery").and_then(Node::written).and_then(|t| dmsc_doc::parse_duration(t).ok());
        let recovery = recovery.unwrap_or(RECOVERY);
        LinkSpec::Device(Device { connection: (word.read)(settings), bench, recovery, choice: None })
    }

    /// A built-in DUT of the other kind than the file says.
    fn other_kind(&mut self, node: &Node, builtin: Builtin, kind: DutKind) {
        let is = match builtin {
            Builtin::Card => Some(DutKind::Card),
            Builtin::Terminal => Some(DutKind::Terminal),
            Builtin::Silent | Builtin::Yes => None,
        };
        if is.is_some_and(|is| is != kind) {
            let name = builtin.as_str();
            self.problems.push(
                Problem::new(node.span, format!("`kind: {kind}`, but the built-in {name}"))
                    .label("is of the other kind")
                    .help(format!("write `builtin: {kind}`, or change `kind`")),
            );
        }
    }

    /// Addresses with `{host}` or `{port}` in them, on a link that has no such place.
    fn placeless(&mut self) {
        let ixit = self.root.get("ixit");
        let own = ixit.and_then(|ixit| ixit.get("address"));
        let other = ixit.and_then(|ixit| ixit.get("other_account")).and_then(|other| other.get("address"));
        for node in own.into_iter().chain(other) {
            let text = node.written().unwrap_or_default();
            if text.contains("{host}") || text.contains("{port}") {
                self.problems.push(
                    Problem::new(
                        node.span,
                        "`{host}` and `{port}` on a link without a place where DUT and harness meet",
                    )
                    .label("known on a `tcp` link only")
                    .help("write the address out, such as `http://127.0.0.1:3516/OMA/DM`"),
                );
            }
        }
    }

    /// The card of the harness, or the one that is built in.
    fn card(&mut self, kind: DutKind, link: &LinkSpec, files: &dyn Files) -> Option<FileSystem> {
        let entry = self.root.entry("card")?;
        if kind == DutKind::Card && !matches!(built_in(link), Some(Builtin::Card)) {
            self.problems.push(
                Problem::new(entry.key_span, "`card` of a card that has its own files")
                    .label("goes with a terminal, against which the harness plays the card, or with a built-in card")
                    .help("leave it out"),
            );
            return None;
        }
        let name = entry.value.written().unwrap_or_default();
        match files.read(name).and_then(|source| FileSystem::read(&source).map_err(FileError::Wrong)) {
            Ok(card) => return Some(card),
            Err(FileError::Wrong(problems)) => self.others.push(problems),
            Err(FileError::Unreadable(cause)) => {
                let help = "the path counts from the folder of this file; `fixtures/cards/reference.yaml` is one";
                let problem = Problem::new(entry.value.span, format!("cannot read `{name}`"));
                self.problems.push(problem.label(cause).help(help));
            }
        }
        None
    }

    /// The file of the nonces.
    fn nonces(&mut self, link: &LinkSpec, files: &dyn Files) -> Option<NonceFile> {
        let entry = self.root.entry("nonces")?;
        if !link.lives_on() || self.root.entry("reset").is_some() {
            self.problems.push(
                Problem::new(entry.key_span, "`nonces` of a DUT that begins each session with those of this file")
                    .label("goes with a DUT that lives on from one session to the next")
                    .help("leave it out"),
            );
            return None;
        }
        let name = entry.value.written().unwrap_or_default();
        let place = files.place(name);
        match place
            .ok_or_else(|| FileError::Unreadable("nothing can be written beside this file".into()))
            .and_then(NonceFile::open)
        {
            Ok(nonces) => return Some(nonces),
            Err(FileError::Wrong(problems)) => self.others.push(problems),
            Err(FileError::Unreadable(cause)) => {
                let problem = Problem::new(entry.value.span, format!("the nonces in `{name}` cannot be used"));
                self.problems.push(problem.label(cause).help(AFRESH));
            }
        }
        None
    }

    fn faults(&mut self, kind: DutKind, link: &LinkSpec, known: &[Fault]) -> Vec<Fault> {
        /// Problems from which on those of faults are only counted.
        const MOST: usize = 1000;
        let Some(entry) = self.root.entry("faults") else { return Vec::new() };
        let side = side(kind);
        if !is_reference(link) && !entry.value.items().is_empty() {
            self.problems.push(
                Problem::new(entry.key_span, "faults of a DUT that is not a reference DUT")
                    .label("only the built-in card and terminal can be told to misbehave")
                    .help("leave out `faults`"),
            );
            return Vec::new();
        }
        let mut chosen = Vec::new();
        for node in entry.value.items() {
            let id = node.written().unwrap_or_default();
            match known.iter().find(|fault| fault.id == id) {
                Some(fault) if fault.side == side => chosen.push(fault.clone()),
                _ if self.problems.len() >= MOST => self.problems.push(Problem::new(node.span, "")),
                Some(fault) => self.problems.push(
                    Problem::new(node.span, format!("`{id}` is a fault of a {}", fault.side))
                        .label(format!("this DUT is a {kind}")),
                ),
                None => {
                    let names = || known.iter().filter(|fault| fault.side == side).map(|fault| fault.id.as_str());
                    let problem =
                        Problem::new(node.span, format!("there is no fault `{id}`")).label("not in `fixtures/faults`");
                    self.problems.push(match nearest(id, names()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.note(format!("faults of a {kind}: {}", names().collect::<Vec<_>>().join(", "))),
                    });
                }
            }
        }
        chosen
    }

    /// What the built-in DUT does otherwise than by itself.
    fn variant(&mut self, kind: DutKind, link: &LinkSpec) -> Option<Variant> {
        let side = side(kind);
        for key in ["choices", "profile"] {
            let Some(entry) = self.root.entry(key) else { continue };
            if !is_reference(link) {
                self.problems.push(
                    Problem::new(entry.key_span, format!("{key} of a DUT that is not a reference DUT"))
                        .label("only the built-in card and terminal can be told what to do")
                        .help(format!("leave out `{key}`")),
                );
                return None;
            }
            if key == "profile" && side == Role::Card {
                self.problems.push(Problem::new(entry.key_span, "a card has no terminal profile").help("leave it out"));
            }
        }
        let choices = read_choices(self.root);
        for entry in self.root.get("choices").map(Node::entries).unwrap_or_default() {
            if choices.iter().any(|one| one.choice.name == entry.key && !one.choice.sides.contains(&side)) {
                let problem = Problem::new(entry.key_span, format!("`{}` is no choice of a {kind}", entry.key));
                self.problems.push(problem.help("`dmsc prove --choices` lists them"));
            }
        }
        let profile = read_profile(self.root).unwrap_or_else(|problem| {
            self.problems.push(problem);
            FacilitiesWith::default()
        });
        let differs = self.root.get("choices").is_some() || self.root.get("profile").is_some();
        differs.then(|| Variant::with(side, choices, profile))
    }

    /// What the harness trusts as a client of HTTPS.
    fn tls_root(&mut self, files: &dyn Files) -> Option<String> {
        let node = self.root.get("ixit")?.get("tls_root")?;
        let name = node.written().unwrap_or_default();
        let problem = match files.read(name) {
            Ok(source) if source.text.contains("-----BEGIN CERTIFICATE-----") => return Some(source.text),
            Ok(_) | Err(FileError::Wrong(_)) => {
                Problem::new(node.span, format!("`{name}` is no PEM file with a certificate"))
                    .help("`openssl x509 -inform DER -in FILE -out FILE.pem` makes one of DER")
            }
            Err(FileError::Unreadable(cause)) => Problem::new(node.span, format!("cannot read `{name}`"))
                .label(cause)
                .help("the path counts from the folder of this file"),
        };
        self.problems.push(problem);
        None
    }

    /// The statement.
    fn ics(&mut self, kind: DutKind, files: &dyn Files) -> Option<Ics> {
        let node = self.root.get("ics")?;
        let name = node.written().unwrap_or_default();
        let read = files.read(name);
        let ics =
            match read.and_then(|source| Ics::parse(&source, Tables::builtin()).map_err(FileError::Wrong)) {
                Ok(ics) => ics,
                Err(FileError::Wrong(problems)) => {
                    self.others.push(problems);
                    return None;
                }
                Err(FileError::Unreadable(cause)) => {
                    self.problems.push(Problem::new(node.span, format!("cannot read `{name}`")).label(cause).help(
                        "the path counts from the folder of this file; `dmsc ics` writes a statement to fill in",
                    ));
                    return None;
                }
            };
        if ics.dut().kind != kind {
            self.problems.push(
                Problem::new(node.span, format!("the statement is on a {}", ics.dut().kind))
                    .label(format!("this DUT is a {kind}"))
                    .help("name the statement of this DUT, or change `kind`"),
            );
        }
        Some(ics)
    }
}

/// The DUT that is part of the harness, if it is one.
fn built_in(link: &LinkSpec) -> Option<Builtin> {
    match link {
        LinkSpec::Builtin(builtin) => Some(*builtin),
        LinkSpec::Device(device) => device.bench.as_ref().map(|bench| bench.builtin),
        LinkSpec::Tcp(_) => None,
    }
}

fn is_reference(link: &LinkSpec) -> bool {
    matches!(built_in(link), Some(Builtin::Card | Builtin::Terminal))
}

/// The role that a DUT of this kind has.
fn side(kind: DutKind) -> Role {
    match kind {
        DutKind::Card => Role::Card,
        DutKind::Terminal => Role::Terminal,
    }
}

/// Accounts whose address is not given are reached where DUT and harness meet.
fn meet(ixit: &mut Map<String, Value>) {
    let address = |account: &mut Map<String, Value>| {
        account.entry("address").or_insert_with(|| Value::from(MEETING_ADDRESS));
    };
    if let Some(Value::Object(other)) = ixit.get_mut("other_account") {
        address(other);
    }
    address(ixit);
}
