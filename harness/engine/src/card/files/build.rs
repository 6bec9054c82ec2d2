//! Builds the card that a fixture describes, or says which file and field of it is wrong.

use dmsc_octets::from_hex;
use dmsc_uicc::authentication::{Algorithm, Authenticator, Block, Milenage, Sequence, Sqn, Xor};
use dmsc_uicc::fs::{AccessRule, Condition, Operation};

use super::pin::{ADM1, PIN1, PIN2, Pin, Pins, Tries, UNIVERSAL};
use super::spec::{
    AlgorithmName, ApplicationSpec, AuthenticationSpec, CardSpec, ConditionSpec, FileSpec, PinName, PinSpec, RuleSpec,
    SequenceSpec,
};
use super::tree::{Application, Body, CURRENT_ADF, FileSystem, MF, Node, Records};

/// The greatest transparent file: all that an offset reaches, and one octet more would not be found.
const MOST_OCTETS: usize = 0x8000;

/// Why a fixture is not a card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: `{field}`: {cause}")]
pub struct FileSystemError {
    /// The file, application, PIN or rule at fault.
    pub place: String,
    /// The field of it.
    pub field: &'static str,
    /// What is wrong with the field.
    pub cause: Cause,
}

/// What is wrong with a field of a fixture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Octets that are not hexadecimal.
    #[error("\"{0}\" is not hexadecimal; write two digits 0-9, A-F for each octet, in quotes")]
    Hex(String),
    /// Another number of octets than needed.
    #[error("{found} octets where {least} to {most} are needed; lengthen or shorten it")]
    Octets {
        /// Octets found.
        found: usize,
        /// The fewest that will do.
        least: usize,
        /// The most that will do.
        most: usize,
    },
    /// A number out of its range.
    #[error("{found} is not within {least} to {most}")]
    Range {
        /// The number found.
        found: usize,
        /// The least allowed.
        least: usize,
        /// The greatest allowed.
        most: usize,
    },
    /// Two things that must differ.
    #[error("another one has {0} already; give each its own")]
    Twice(String),
    /// A name that nothing has.
    #[error("there is no \"{found}\"; there are {known}")]
    Unknown {
        /// The name found.
        found: String,
        /// The names there are.
        known: String,
    },
    /// A field that has to be there.
    #[error("it is missing; {0}")]
    Missing(&'static str),
    /// Fields that do not go together.
    #[error("it does not go with the other fields; {0}")]
    Mixed(&'static str),
    /// A key or PIN, whose text is not repeated.
    #[error("it is {0}")]
    Secret(&'static str),
}

type Built<T> = Result<T, FileSystemError>;

fn wrong<T>(place: &str, field: &'static str, cause: Cause) -> Built<T> {
    Err(FileSystemError { place: place.to_owned(), field, cause })
}

fn hex(place: &str, field: &'static str, text: &str) -> Built<Vec<u8>> {
    from_hex(text).or_else(|_| wrong(place, field, Cause::Hex(text.to_owned())))
}

fn within(place: &str, field: &'static str, found: usize, least: usize, most: usize) -> Built<usize> {
    if (least..=most).contains(&found) { Ok(found) } else { wrong(place, field, Cause::Range { found, least, most }) }
}

impl TryFrom<CardSpec> for FileSystem {
    type Error = FileSystemError;

    fn try_from(spec: CardSpec) -> Built<FileSystem> {
        let atr = hex("card", "atr", &spec.atr)?;
        if !(2..=33).contains(&atr.len()) {
            return wrong("card", "atr", Cause::Octets { found: atr.len(), least: 2, most: 33 });
        }
        let pins = pins(&spec.pins)?;
        let rules = spec.rules.iter().map(|rule| access_rule(rule, &pins)).collect::<Built<Vec<_>>>()?;
        let names: Vec<&str> = spec.rules.iter().map(|rule| rule.name.as_str()).collect();
        unique("rules", "name", names.iter().map(|name| (*name).to_owned()))?;
        // The record number is one octet, and the rule of directories is the first.
        within("card", "rules", rules.len(), 0, 253)?;
        let root = Node { id: MF, parent: 0, sfi: None, rule: None, active: true, body: Body::Directory };
        let mut tree = Tree { nodes: vec![root], rules: &rules, names };
        tree.add(0, "", &spec.files)?;
        for application in &spec.applications {
            tree.add_application(application)?;
        }
        let nodes = tree.nodes;
        Ok(FileSystem { atr, pins, rules, nodes })
    }
}

fn pins(specs: &[PinSpec]) -> Built<Pins> {
    let pins = specs.iter().map(pin).collect::<Built<Vec<_>>>()?;
    unique("pins", "name", pins.iter().map(|pin| format!("reference {:02X}", pin.reference)))?;
    Ok(Pins(pins))
}

fn pin(spec: &PinSpec) -> Built<Pin> {
    let (place, reference) = match spec.name {
        PinName::Pin1 => ("pin1", PIN1),
        PinName::Pin2 => ("pin2", PIN2),
        PinName::Universal => ("universal", UNIVERSAL),
        PinName::Adm => ("adm", ADM1),
    };
    let value = |field, text: &str| match secret(text) {
        Some(value) => Ok(value),
        None => wrong(place, field, Cause::Secret("neither 4 to 8 digits in quotes nor 16 hexadecimal ones")),
    };
    let tries = |field, found: u8| within(place, field, found.into(), 1, 15).map(|_| Tries::new(found));
    Ok(Pin {
        reference,
        value: value("value", &spec.value)?,
        puk: spec.puk.as_deref().map(|text| value("puk", text)).transpose()?,
        enabled: spec.enabled,
        tries: tries("tries", spec.tries)?,
        puk_tries: tries("puk_tries", spec.puk_tries)?,
        verified: false,
    })
}

/// A PIN: digits padded with FF (TS 102 221 9.5.1), or the eight octets themselves.
fn secret(text: &str) -> Option<[u8; 8]> {
    if (4..=8).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit()) {
        let mut value = [0xFF; 8];
        value.iter_mut().zip(text.bytes()).for_each(|(place, digit)| *place = digit);
        return Some(value);
    }
    from_hex(text).ok()?.try_into().ok()
}

fn access_rule(spec: &RuleSpec, pins: &Pins) -> Built<AccessRule> {
    let place = format!("rule {}", spec.name);
    let condition = |field, condition| {
        let reference = match condition {
            ConditionSpec::Always => return Ok(Condition::Always),
            ConditionSpec::Never => return Ok(Condition::Never),
            ConditionSpec::Pin1 => PIN1,
            ConditionSpec::Pin2 => PIN2,
            ConditionSpec::Universal => UNIVERSAL,
            ConditionSpec::Adm => ADM1,
        };
        if pins.0.iter().any(|pin| pin.reference == reference) {
            return Ok(Condition::Pin(reference));
        }
        let known = pins.0.iter().map(|pin| format!("{:02X}", pin.reference)).collect::<Vec<_>>().join(", ");
        wrong(&place, field, Cause::Unknown { found: format!("PIN {reference:02X}"), known: format!("`pins` {known}") })
    };
    let activate = condition("activate", spec.activate)?;
    let mut modes =
        vec![(Operation::Read, condition("read", spec.read)?), (Operation::Update, condition("update", spec.update)?)];
    match condition("increase", spec.increase)? {
        Condition::Never => {}
        increase => modes.push((Operation::Increase, increase)),
    }
    modes.extend([(Operation::Activate, activate), (Operation::Deactivate, activate)]);
    Ok(AccessRule(modes))
}

fn unique(place: &str, field: &'static str, names: impl Iterator<Item = String>) -> Built<()> {
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return wrong(place, field, Cause::Twice(name));
        }
        seen.push(name);
    }
    Ok(())
}

/// The tree while it grows.
struct Tree<'a> {
    nodes: Vec<Node>,
    rules: &'a [AccessRule],
    names: Vec<&'a str>,
}

impl Tree<'_> {
    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len().saturating_sub(1)
    }

    fn add_application(&mut self, spec: &ApplicationSpec) -> Built<()> {
        let place = format!("application {}", spec.aid);
        let aid = hex(&place, "aid", &spec.aid)?;
        if !(5..=16).contains(&aid.len()) {
            return wrong(&place, "aid", Cause::Octets { found: aid.len(), least: 5, most: 16 });
        }
        if self.nodes.iter().any(|node| node.aid() == Some(&aid)) {
            return wrong(&place, "aid", Cause::Twice(spec.aid.clone()));
        }
        let authenticator = spec.authentication.as_ref().map(|spec| authenticator(&place, spec)).transpose()?;
        let body = Body::Application(Application { aid, authenticator });
        let node = Node { id: CURRENT_ADF, parent: 0, sfi: None, rule: None, active: true, body };
        let directory = self.push(node);
        self.add(directory, &format!("{}/", spec.aid), &spec.files)
    }

    fn add(&mut self, parent: usize, path: &str, specs: &[FileSpec]) -> Built<()> {
        for spec in specs {
            let place = format!("{} ({path}{})", spec.name, spec.id);
            let id = match hex(&place, "id", &spec.id)?.as_slice() {
                [high, low] => u16::from_be_bytes([*high, *low]),
                other => return wrong(&place, "id", Cause::Octets { found: other.len(), least: 2, most: 2 }),
            };
            if matches!(id, MF | CURRENT_ADF | 0xFFFF | 0x3FFF) {
                return wrong(&place, "id", Cause::Mixed("it is reserved (TS 102 221 8.6)"));
            }
            let sfi = spec.sfi.map(|sfi| within(&place, "sfi", sfi.into(), 1, 30).map(|_| sfi)).transpose()?;
            let beside = || self.nodes.iter().skip(1).filter(|node| node.parent == parent && node.aid().is_none());
            if beside().any(|node| node.id == id) {
                return wrong(&place, "id", Cause::Twice(spec.id.clone()));
            }
            if let Some(sfi) = sfi.filter(|sfi| beside().any(|node| node.sfi == Some(*sfi))) {
                return wrong(&place, "sfi", Cause::Twice(sfi.to_string()));
            }
            let body = self.body(&place, spec)?;
            let rule = self.rule(&place, spec)?;
            if spec.files.is_some() && (sfi.is_some() || spec.deactivated) {
                return wrong(&place, "files", Cause::Mixed("a directory has neither `sfi` nor `deactivated`"));
            }
            let directory = self.push(Node { id, parent, sfi, rule, active: !spec.deactivated, body });
            if let Some(files) = &spec.files {
                self.add(directory, &format!("{path}{}/", spec.id), files)?;
            }
        }
        Ok(())
    }

    fn rule(&self, place: &str, spec: &FileSpec) -> Built<Option<usize>> {
        match (&spec.rule, &spec.files) {
            (None, Some(_)) => Ok(None),
            (Some(_), Some(_)) => wrong(place, "rule", Cause::Mixed("a directory has no rule of its own")),
            (None, None) => wrong(place, "rule", Cause::Missing("name one of `rules`")),
            (Some(name), None) => match self.names.iter().position(|known| known == name) {
                Some(rule) => Ok(Some(rule)),
                None => wrong(place, "rule", Cause::Unknown { found: name.clone(), known: self.names.join(", ") }),
            },
        }
    }

    fn body(&self, place: &str, spec: &FileSpec) -> Built<Body> {
        let octets = spec.content.is_some() || spec.size.is_some();
        let only_records =
            [("length", spec.length.is_some()), ("count", spec.count.is_some()), ("cyclic", spec.cyclic)];
        if let Some((field, _)) = only_records.into_iter().find(|(_, given)| *given && spec.records.is_none()) {
            return wrong(place, field, Cause::Mixed("it belongs to `records`"));
        }
        match (octets, &spec.records, spec.access_rules, &spec.files) {
            (true, None, false, None) => transparent(place, spec),
            (false, Some(records), false, None) => record_file(place, spec, records),
            (false, None, true, None) => Ok(Body::Records(Records { cyclic: false, rows: self.rule_records() })),
            (false, None, false, Some(_)) => Ok(Body::Directory),
            _ => wrong(
                place,
                "content",
                Cause::Mixed("a file has `content` or `size`, or else one of `records`, `access_rules` and `files`"),
            ),
        }
    }

    /// The records of an EF.ARR: that of directories, then one for each rule.
    fn rule_records(&self) -> Vec<Vec<u8>> {
        let mut rows = vec![AccessRule::fixed_directory()];
        rows.extend(self.rules.iter().map(AccessRule::encode));
        let length = rows.iter().map(Vec::len).max().unwrap_or(0);
        rows.iter_mut().for_each(|row| row.resize(length, 0xFF));
        rows
    }
}

fn transparent(place: &str, spec: &FileSpec) -> Built<Body> {
    let mut content = hex(place, "content", spec.content.as_deref().unwrap_or_default())?;
    if let Some(size) = spec.size {
        within(place, "size", size, content.len().max(1), MOST_OCTETS)?;
        content.resize(size, 0xFF);
    }
    within(place, "content", content.len(), 1, MOST_OCTETS)?;
    Ok(Body::Transparent(content))
}

fn record_file(place: &str, spec: &FileSpec, records: &[String]) -> Built<Body> {
    let mut rows = records.iter().map(|text| hex(place, "records", text)).collect::<Built<Vec<_>>>()?;
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let length = within(place, "length", spec.length.unwrap_or(longest), longest.max(1), 255)?;
    rows.iter_mut().for_each(|row| row.resize(length, 0xFF));
    let count = within(place, "count", spec.count.unwrap_or(rows.len()), rows.len().max(1), 254)?;
    // Those that are not written out are like the last one that is.
    let last = rows.last().cloned().unwrap_or_else(|| vec![0xFF; length]);
    rows.resize(count, last);
    Ok(Body::Records(Records { cyclic: spec.cyclic, rows }))
}

fn authenticator(place: &str, spec: &AuthenticationSpec) -> Built<Authenticator> {
    let key = |field, text: &str| -> Built<Block> {
        match from_hex(text).ok().and_then(|octets| octets.try_into().ok()) {
            Some(key) => Ok(key),
            None => wrong(place, field, Cause::Secret("not 32 hexadecimal digits in quotes")),
        }
    };
    let k = key("authentication.k", &spec.k)?;
    let algorithm = match (spec.algorithm, &spec.op, &spec.opc, spec.res_length) {
        (AlgorithmName::Milenage, Some(op), None, None) => {
            Algorithm::Milenage(Milenage::with_op(k, key("authentication.op", op)?))
        }
        (AlgorithmName::Milenage, None, Some(opc), None) => {
            Algorithm::Milenage(Milenage::with_opc(k, key("authentication.opc", opc)?))
        }
        (AlgorithmName::Xor, None, None, res_length) => {
            let length = res_length.unwrap_or(16);
            within(place, "authentication.res_length", length.into(), 4, 16)?;
            Algorithm::Xor(Xor::new(k, length))
        }
        _ => {
            let rule = Cause::Mixed("milenage takes one of `op` and `opc`; xor takes neither, but `res_length`");
            return wrong(place, "authentication", rule);
        }
    };
    let sqn: Sqn = match &spec.sqn {
        None => [0; 6],
        Some(text) => {
            let octets = hex(place, "authentication.sqn", text)?;
            let found = octets.len();
            let cause = Cause::Octets { found, least: 6, most: 6 };
            octets.try_into().or_else(|_| wrong(place, "authentication.sqn", cause))?
        }
    };
    // The test algorithm belongs to a test USIM, which takes any sequence number.
    let usual = if spec.algorithm == AlgorithmName::Xor { SequenceSpec::Any } else { SequenceSpec::Fresh };
    let sequence = match spec.sequence.unwrap_or(usual) {
        SequenceSpec::Fresh => Sequence::above(sqn),
        SequenceSpec::Any => Sequence::Any,
    };
    Ok(Authenticator::new(algorithm, sequence, sqn))
}
