//! Builds the card that a fixture describes, or says which file and field of it is wrong.

use dmsc_doc::Octets;
use dmsc_octets::{from_hex, to_hex};
use dmsc_uicc::authentication::{Algorithm, Authenticator, Block, Milenage, Sequence, Sqn, Xor};
use dmsc_uicc::fs::{AccessRule, Condition, Operation};

use super::pin::{ADM1, PIN1, PIN2, Pin, Pins, Tries, UNIVERSAL};
use super::spec::{
    AlgorithmName, ApplicationSpec, AuthenticationSpec, CardSpec, ConditionSpec, FileSpec, PinName, PinSpec, RuleSpec,
    SequenceSpec,
};
use super::tree::{Application, Body, CURRENT_ADF, FileSystem, MF, Node, Records};
use super::wrong::{Built, Cause, Part};

/// The greatest transparent file: all that an offset reaches, and one octet more would not be found.
const MOST_OCTETS: usize = 0x8000;

impl FileSystem {
    /// Builds the card.
    pub(super) fn build(spec: &CardSpec) -> Built<FileSystem> {
        let card = Part { name: "card".into(), path: String::new() };
        let atr = card.octets("atr", &spec.atr.0, 2, 33)?.to_owned();
        let pins = pins(&spec.pins)?;
        let rules: Vec<_> = spec
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| Part { name: format!("rule {}", rule.name), path: format!("rules.{index}") })
            .collect();
        let names: Vec<&str> = spec.rules.iter().map(|rule| rule.name.as_str()).collect();
        unique(rules.iter().zip(names.iter().map(|name| (*name).to_owned())))?;
        let built = rules.iter().zip(&spec.rules).map(|(part, rule)| access_rule(part, rule, &pins));
        let rules = built.collect::<Built<Vec<_>>>()?;
        // The record number is one octet, and the rule of directories is the first.
        card.within("rules", rules.len(), 0, 253)?;
        let root = Node { id: MF, parent: 0, sfi: None, rule: None, active: true, body: Body::Directory };
        let mut tree = Tree { nodes: vec![root], rules: &rules, names };
        tree.add(0, "", "files", &spec.files)?;
        for (index, application) in spec.applications.iter().enumerate() {
            tree.add_application(index, application)?;
        }
        let nodes = tree.nodes;
        Ok(FileSystem { atr, pins, rules, nodes })
    }
}

fn pins(specs: &[PinSpec]) -> Built<Pins> {
    let parts = specs.iter().enumerate().map(|(index, spec)| {
        let name = match spec.name {
            PinName::Pin1 => "pin1",
            PinName::Pin2 => "pin2",
            PinName::Universal => "universal",
            PinName::Adm => "adm",
        };
        Part { name: name.into(), path: format!("pins.{index}") }
    });
    let parts: Vec<Part> = parts.collect();
    unique(parts.iter().map(|part| (part, part.name.clone())))?;
    let pins = parts.iter().zip(specs).map(|(part, spec)| pin(part, spec)).collect::<Built<Vec<_>>>()?;
    Ok(Pins(pins))
}

fn pin(part: &Part, spec: &PinSpec) -> Built<Pin> {
    let reference = match spec.name {
        PinName::Pin1 => PIN1,
        PinName::Pin2 => PIN2,
        PinName::Universal => UNIVERSAL,
        PinName::Adm => ADM1,
    };
    let value = |field, text: &str| match secret(text) {
        Some(value) => Ok(value),
        None => part.wrong(field, Cause::Secret("neither 4 to 8 digits in quotes nor 16 hexadecimal ones")),
    };
    let tries = |field, found: u8| part.within(field, found.into(), 1, 15).map(|_| Tries::new(found));
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

fn access_rule(part: &Part, spec: &RuleSpec, pins: &Pins) -> Built<AccessRule> {
    let condition = |field, condition| {
        let (name, reference) = match condition {
            ConditionSpec::Always => return Ok(Condition::Always),
            ConditionSpec::Never => return Ok(Condition::Never),
            ConditionSpec::Pin1 => ("pin1", PIN1),
            ConditionSpec::Pin2 => ("pin2", PIN2),
            ConditionSpec::Universal => ("universal", UNIVERSAL),
            ConditionSpec::Adm => ("adm", ADM1),
        };
        if pins.0.iter().any(|pin| pin.reference == reference) {
            return Ok(Condition::Pin(reference));
        }
        part.wrong(field, Cause::NoPin(name))
    };
    let mut modes =
        vec![(Operation::Read, condition("read", spec.read)?), (Operation::Update, condition("update", spec.update)?)];
    match condition("increase", spec.increase)? {
        Condition::Never => {}
        increase => modes.push((Operation::Increase, increase)),
    }
    let activate = condition("activate", spec.activate)?;
    modes.extend([(Operation::Activate, activate), (Operation::Deactivate, activate)]);
    Ok(AccessRule(modes))
}

/// Refuses a name that a part before has too.
fn unique<'p>(parts: impl Iterator<Item = (&'p Part, String)>) -> Built<()> {
    let mut seen = Vec::new();
    for (part, name) in parts {
        if seen.contains(&name) {
            return part.wrong("name", Cause::Twice(name));
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

    fn add_application(&mut self, index: usize, spec: &ApplicationSpec) -> Built<()> {
        let name = to_hex(&spec.aid.0);
        let part = Part { name: format!("application {name}"), path: format!("applications.{index}") };
        let aid = part.octets("aid", &spec.aid.0, 5, 16)?.to_owned();
        if self.nodes.iter().any(|node| node.aid() == Some(&aid)) {
            return part.wrong("aid", Cause::Twice(name));
        }
        let authenticator = spec.authentication.as_ref().map(|spec| authenticator(&part, spec)).transpose()?;
        let body = Body::Application(Application { aid, authenticator });
        let node = Node { id: CURRENT_ADF, parent: 0, sfi: None, rule: None, active: true, body };
        let directory = self.push(node);
        self.add(directory, &format!("{name}/"), &format!("{}.files", part.path), &spec.files)
    }

    /// Adds files to a directory, which has these identifiers on its way and whose files stand at this path.
    fn add(&mut self, parent: usize, ids: &str, path: &str, specs: &[FileSpec]) -> Built<()> {
        for (index, spec) in specs.iter().enumerate() {
            let written = to_hex(&spec.id.0);
            let part = Part { name: format!("{} ({ids}{written})", spec.name), path: format!("{path}.{index}") };
            let id = match spec.id.0.as_slice() {
                [high, low] => u16::from_be_bytes([*high, *low]),
                other => return part.wrong("id", Cause::Octets { found: other.len(), least: 2, most: 2 }),
            };
            if matches!(id, MF | CURRENT_ADF | 0xFFFF | 0x3FFF) {
                return part.wrong("id", Cause::Reserved);
            }
            let sfi = spec.sfi.map(|sfi| part.within("sfi", sfi.into(), 1, 30).map(|_| sfi)).transpose()?;
            let beside = || self.nodes.iter().skip(1).filter(|node| node.parent == parent && node.aid().is_none());
            if beside().any(|node| node.id == id) {
                return part.wrong("id", Cause::Twice(written));
            }
            if let Some(sfi) = sfi.filter(|sfi| beside().any(|node| node.sfi == Some(*sfi))) {
                return part.wrong("sfi", Cause::Twice(sfi.to_string()));
            }
            let body = self.body(&part, spec)?;
            let rule = self.rule(&part, spec)?;
            if spec.files.is_some() && (sfi.is_some() || spec.deactivated) {
                return part.wrong("files", Cause::Mixed("a directory has neither `sfi` nor `deactivated`"));
            }
            let directory = self.push(Node { id, parent, sfi, rule, active: !spec.deactivated, body });
            if let Some(files) = &spec.files {
                self.add(directory, &format!("{ids}{written}/"), &format!("{}.files", part.path), files)?;
            }
        }
        Ok(())
    }

    fn rule(&self, part: &Part, spec: &FileSpec) -> Built<Option<usize>> {
        match (&spec.rule, &spec.files) {
            (None, Some(_)) => Ok(None),
            (Some(_), Some(_)) => part.wrong("rule", Cause::Mixed("a directory has no rule of its own")),
            (None, None) => part.wrong("rule", Cause::Missing("name one of `rules`")),
            (Some(name), None) => match self.names.iter().position(|known| known == name) {
                Some(rule) => Ok(Some(rule)),
                None => part.wrong(
                    "rule",
                    Cause::NoRule {
                        found: name.clone(),
                        known: self.names.iter().map(|name| (*name).to_owned()).collect(),
                    },
                ),
            },
        }
    }

    fn body(&self, part: &Part, spec: &FileSpec) -> Built<Body> {
        let octets = spec.content.is_some() || spec.size.is_some();
        let only_records =
            [("length", spec.length.is_some()), ("count", spec.count.is_some()), ("cyclic", spec.cyclic)];
        if let Some((field, _)) = only_records.into_iter().find(|(_, given)| *given && spec.records.is_none()) {
            return part.wrong(field, Cause::Mixed("it belongs to `records`"));
        }
        match (octets, &spec.records, spec.access_rules, &spec.files) {
            (true, None, false, None) => transparent(part, spec),
            (false, Some(records), false, None) => record_file(part, spec, records),
            (false, None, true, None) => Ok(Body::Records(Records { cyclic: false, rows: self.rule_records() })),
            (false, None, false, Some(_)) => Ok(Body::Directory),
            _ => part.wrong(
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

fn transparent(part: &Part, spec: &FileSpec) -> Built<Body> {
    let mut content = spec.content.as_ref().map(|content| content.0.clone()).unwrap_or_default();
    if let Some(size) = spec.size {
        part.within("size", size, content.len().max(1), MOST_OCTETS)?;
        content.resize(size, 0xFF);
    }
    part.octets("content", &content, 1, MOST_OCTETS)?;
    Ok(Body::Transparent(content))
}

fn record_file(part: &Part, spec: &FileSpec, records: &[Octets]) -> Built<Body> {
    let mut rows: Vec<Vec<u8>> = records.iter().map(|record| record.0.clone()).collect();
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let length = part.within("length", spec.length.unwrap_or(longest), longest.max(1), 255)?;
    rows.iter_mut().for_each(|row| row.resize(length, 0xFF));
    let count = part.within("count", spec.count.unwrap_or(rows.len()), rows.len().max(1), 254)?;
    // Those that are not written out are like the last one that is.
    let last = rows.last().cloned().unwrap_or_else(|| vec![0xFF; length]);
    rows.resize(count, last);
    Ok(Body::Records(Records { cyclic: spec.cyclic, rows }))
}

fn authenticator(part: &Part, spec: &AuthenticationSpec) -> Built<Authenticator> {
    let key = |field, text: &str| -> Built<Block> {
        match from_hex(text).ok().and_then(|octets| octets.try_into().ok()) {
            Some(key) => Ok(key),
            None => part.wrong(field, Cause::Secret("not 32 hexadecimal digits in quotes")),
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
            part.within("authentication.res_length", length.into(), 4, 16)?;
            Algorithm::Xor(Xor::new(k, length))
        }
        _ => {
            let rule = Cause::Mixed("milenage takes one of `op` and `opc`; xor takes neither, but `res_length`");
            return part.wrong("authentication", rule);
        }
    };
    let sqn: Sqn = match &spec.sqn {
        None => [0; 6],
        Some(Octets(sqn)) => {
            let cause = Cause::Octets { found: sqn.len(), least: 6, most: 6 };
            sqn.as_slice().try_into().or_else(|_| part.wrong("authentication.sqn", cause))?
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
