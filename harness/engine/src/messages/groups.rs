//! The groups of fields: each is what one `with`, `match` or `reply` may hold.

use std::collections::BTreeMap;

use crate::dm::directive::CRED_WORDS;
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::fields::{FieldInfo, FieldKind};
use dmsc_uicc::layout::{COMMAND_FIELDS, ENVELOPE_FIELDS, RESPONSE_FIELDS};
use dmsc_uicc::profile::Facility;

use super::shape::{FieldSpec, Shape};

use Shape::{Bool, Hex, Text};

type Groups = BTreeMap<&'static str, Vec<FieldSpec>>;

/// All groups by name. `.with` marks what is set where it differs from what is matched.
pub(super) fn groups() -> Groups {
    let mut groups = Groups::new();
    groups.insert("none", Vec::new());
    apdu(&mut groups);
    toolkit(&mut groups);
    notification(&mut groups);
    http(&mut groups);
    dm_view(&mut groups);
    dm_parts(&mut groups);
    dm_directive(&mut groups);
    groups
}

/// The facilities of a terminal profile that have a name.
pub(super) fn facilities() -> Vec<&'static str> {
    Facility::ALL.iter().map(|facility| facility.name()).collect()
}

fn f(name: &'static str, shape: Shape, doc: &'static str) -> FieldSpec {
    FieldSpec::new(name, shape, doc)
}

fn octet() -> Shape {
    Shape::Int(0, 0xFF)
}

fn word() -> Shape {
    Shape::Int(0, 0xFFFF)
}

fn count() -> Shape {
    Shape::Int(0, i64::MAX)
}

fn apdu(groups: &mut Groups) {
    let header = [
        f("cla", octet(), "Class."),
        f("ins", octet(), "Instruction."),
        f("p1", octet(), "First parameter."),
        f("p2", octet(), "Second parameter."),
        f("data", Hex, "Command data."),
        f("le", Shape::Int(0, 0x1_0000), "Number of octets expected in the response."),
    ];
    let mut sent = header.to_vec();
    sent.push(f("octets", Hex, "The whole command instead of its parts."));
    groups.insert("apdu.with", sent);
    let mut heard = header.to_vec();
    heard.push(f("length_octets", count(), "Length of the command data in octets."));
    heard.push(f("malformed", Text, "Why the command could not be read; absent when it could."));
    groups.insert("apdu", heard);
    let answer = [
        f("sw", word(), "Status word, such as 0x9000. 9000 and 91xx apart, the command has no effect."),
        f("data", Hex, "Response data."),
    ];
    groups.insert("apdu.reply", answer.to_vec());
    let mut response = vec![f("to", Text, "The kind of message that is answered.")];
    response.extend(answer);
    response.push(f("malformed", Text, "Why the response could not be read; absent when it could."));
    groups.insert("response", response);
    groups.insert("atr", vec![f("atr", Hex, "The answer to reset.")]);
    groups.insert(
        "terminal-profile",
        vec![
            f("profile", Hex, "The octets of the profile."),
            f("facilities", Shape::Name(facilities()).list(), "The facilities offered, those that have a name."),
            f("channels", Shape::Int(0, 7), "Number of channels supported."),
            f("length_octets", count(), "Length of the profile in octets."),
        ],
    );
    groups.insert(
        "terminal-profile.with",
        vec![
            f("profile", Hex, "The octets, instead of those of the player."),
            f("off", Shape::Name(facilities()).list(), "Facilities not offered."),
            f("on", Shape::Name(facilities()).list(), "Facilities offered besides."),
        ],
    );
    groups.insert(
        "wake-up",
        vec![f("by", Shape::Name(WAKE_UPS.to_vec()), "What wakes the DM_SC Server; otherwise as the DUT file says.")],
    );
}

/// The wake-up scenarios of DM_SC that a terminal can bring about.
pub(super) const WAKE_UPS: [&str; 5] = ["applications", "status", "timer", "location", "call-control"];

fn toolkit(groups: &mut Groups) {
    let length = || f("length_octets", count(), "Length of the command data in octets.");
    for (name, table) in
        [("command", COMMAND_FIELDS), ("response-fields", RESPONSE_FIELDS), ("envelope", ENVELOPE_FIELDS)]
    {
        for info in table {
            records(groups, info.name, info.kind);
        }
        let fields: Vec<FieldSpec> = table.iter().map(FieldSpec::of_cat).collect();
        match name {
            "response-fields" => {
                groups.insert("terminal-response.with", fields.clone());
                groups.insert("terminal-response", fields.into_iter().chain([length()]).collect());
            }
            "envelope" => {
                groups.insert("envelope.with", fields.clone());
                groups.insert("envelope", fields.into_iter().chain([length()]).collect());
            }
            _ => {
                let seen = [
                    f(
                        "channel_mode",
                        Shape::Name(vec!["none", "uicc-server", "terminal-server"]),
                        "What the channel is that the command names; for commands to a channel.",
                    ),
                    f("malformed", Text, "Why the command cannot be read, if it cannot."),
                ];
                groups.insert("command", fields.clone());
                groups.insert("command.heard", fields.into_iter().chain(seen).collect());
            }
        }
    }
    groups.insert("proactive.with", vec![f("octets", Hex, "The whole command, from the tag D0 on.")]);
}

/// A record of the codec's tables becomes the group of its field's name.
fn records(groups: &mut Groups, name: &'static str, kind: FieldKind) {
    let fields: &'static [FieldInfo] = match kind {
        FieldKind::Record(fields) => fields,
        FieldKind::List(of) => return records(groups, name, *of),
        _ => return,
    };
    for info in fields {
        records(groups, info.name, info.kind);
    }
    groups.insert(name, fields.iter().map(FieldSpec::of_cat).collect());
}

fn notification(groups: &mut Groups) {
    let trigger = [
        f("version", Shape::Int(0, 0x3FF), "Version, 11 for 1.1."),
        f("ui_mode", Shape::Int(0, 3), "User interaction mode: 0 not specified, 1 background, 2 informative, 3 user."),
        f("initiator", Shape::Int(0, 1), "0 client, 1 server."),
        f("future_use", Shape::Int(0, 0x7FF_FFFF), "The 27 reserved bits."),
        f(
            "session_id",
            Shape::TextOr(Box::new(word())),
            "Session id: a number, or hexadecimal digits as Package#1 carries them.",
        ),
        f("length_identifier", octet(), "Length of the ServerID as the header states it."),
        f("server_id", Text, "ServerID."),
        f("body", Hex, "Vendor specific octets behind the ServerID."),
    ];
    let digests = ["valid", "wrong-password", "wrong-nonce", "default-nonce"];
    let mut sent = vec![f(
        "digest",
        Shape::WordOr(digests.to_vec(), Box::new(Hex)),
        "How the digest is computed, or its 16 octets; `valid` unless given.",
    )];
    sent.extend(trigger.clone());
    sent.extend([
        f("password", Text, "The password that goes into the digest."),
        f("nonce", Hex, "The nonce that goes into the digest."),
        f("prefix", Hex, "Octets in front of Package#0."),
        f("octets", Hex, "The whole message instead of its parts."),
        f("transport", Shape::Name(TransportProtocol::NAMES.to_vec()), "Transport protocol of the channel."),
        f("port", word(), "Port of the channel, instead of the one announced."),
        f("chunks", Shape::Int(1, 0xFFFF).list(), "Sizes of the parts, in octets; one part unless given."),
        f("close", Bool, "Whether the channel is closed behind it; true unless given."),
        f("qualifier", octet(), "Qualifier of SEND DATA."),
    ]);
    groups.insert("notification.with", sent);
    let mut heard = vec![
        f("digest", Shape::Name(vec!["valid", "default-nonce", "wrong"]), "What the digest was found to be."),
        f("digest_octets", Hex, "The digest."),
    ];
    heard.extend(trigger);
    heard.extend([
        f("session_text", Text, "Session id as Package#1 has to carry it: upper case, no leading zeros."),
        f("octets", Hex, "The whole message."),
        f("malformed", Text, "Why Package#0 could not be read; absent when it could."),
    ]);
    groups.insert("notification", heard);
}

fn http(groups: &mut Groups) {
    let headers =
        || f("headers", Text.map(), "Header fields by name in lower case, `_` for `-`; `null` leaves one out.");
    let body = || f("body", Text, "The body: text, or `hex:` and octets.");
    let request = [f("method", Text, "Method."), f("path", Text, "Request target.")];
    let response = [f("status", Shape::Int(100, 999), "Status code."), f("reason", Text, "Reason phrase.")];
    let version = || f("version", Shape::Name(vec!["1.0", "1.1"]), "Version of HTTP.");
    let sent = || {
        [
            version(),
            headers(),
            body(),
            f("chunked", count(), "Sends the body in chunks of this many octets."),
            f("close", Bool, "Closes the connection behind the message."),
            f("mutate", Shape::Edits, "Edits of the octets of the HTTP message."),
        ]
    };
    let heard = || {
        [
            version(),
            headers(),
            f("media_type", Text, "Media type of the body, without parameters."),
            f("framing", Text, "How the end of the body is told: `none`, `content-length` or `chunked`."),
            f("body_length", count(), "Length of the body in octets."),
            f("body", Hex, "The body."),
        ]
    };
    let mut sent_request = request.to_vec();
    sent_request.extend(sent());
    sent_request.push(f(
        "connection",
        Shape::Name(vec!["new", "same"]),
        "Whether to open a connection for it; the one that is open is used unless given.",
    ));
    groups.insert("http.request.with", sent_request);
    groups.insert("http.response.with", response.iter().cloned().chain(sent()).collect());
    groups.insert("http.request", request.into_iter().chain(heard()).collect());
    groups.insert("http.response", response.into_iter().chain(heard()).collect());
    let any: Vec<FieldSpec> = request_and_response(groups);
    groups.insert("http.with", any);
    groups.insert("http.garbage", vec![f("reason", Text, "Why the octets are no HTTP message.")]);
    groups.insert("connection", vec![f("state", Shape::Name(vec!["opened", "closed"]), "What happened to it.")]);
}

/// The HTTP message around a DM message: a request when a client sends it, a response when a server does.
fn request_and_response(groups: &Groups) -> Vec<FieldSpec> {
    let mut all: Vec<FieldSpec> = Vec::new();
    for name in ["http.request.with", "http.response.with"] {
        for field in groups.get(name).into_iter().flatten() {
            if all.iter().all(|known| known.name != field.name) {
                all.push(field.clone());
            }
        }
    }
    all
}

fn header() -> Vec<FieldSpec> {
    vec![
        f("ver_dtd", Text, "VerDTD."),
        f("ver_proto", Text, "VerProto."),
        f("session_id", Text, "SessionID."),
        f("msg_id", Text, "MsgID."),
        f("target", Text, "LocURI of Target."),
        f("target_name", Text, "LocName of Target."),
        f("source", Text, "LocURI of Source."),
        f("source_name", Text, "LocName of Source: the user name of the sender."),
        f("resp_uri", Text, "RespURI."),
        f("no_resp", Bool, "NoResp."),
        f("max_msg_size", Text, "MaxMsgSize of the header's Meta."),
        f("max_obj_size", Text, "MaxObjSize of the header's Meta."),
    ]
}

fn dm_view(groups: &mut Groups) {
    let mut fields = header();
    fields.extend([
        f("cred", Shape::Record("dm.cred"), "Cred of the header."),
        f(
            "credentials",
            Text,
            "What the Cred was found to be, in the words of `dm.directive`'s `cred`; `none` where there is none.",
        ),
        f("encoding", Shape::Name(vec!["xml", "wbxml"]), "The encoding of the message."),
        f("package", Shape::Int(1, 3), "Of a client's message: 1 when it opens a session, else 3."),
        f("final", Bool, "Whether Final is there."),
        f("names", Text.list(), "Names of the commands, in order."),
        f("alerts", Shape::Int(0, 0xFFFF).list(), "Codes of the Alert commands, in order."),
        f("status", Shape::Int(0, 0xFFFF).map(), "The first Status code for each command name: `{ SyncHdr: 212 }`."),
        f("statuses", Shape::Record("dm.status").list(), "Every Status, in order."),
        f("results", Shape::TextOr(Box::new(Shape::Record("dm.data"))).map(), "Values of the Results, by URI."),
        f(
            "devinfo",
            Shape::TextOr(Box::new(Shape::Record("dm.data"))).map(),
            "Values of DevInfo that came in a Replace, by leaf: `DevId`.",
        ),
        f("commands", Shape::Record("dm.command").list(), "The commands, in order."),
    ]);
    groups.insert("dm.message", fields);
    groups.insert(
        "dm.status",
        vec![
            f("of", Text, "Name of the command that it answers."),
            f("code", Shape::Int(0, 0xFFFF), "Status code."),
            f("msg_ref", Text, "MsgRef."),
            f("cmd_ref", Text, "CmdRef."),
            f("target_ref", Text, "The first TargetRef."),
            f("chal", Shape::Record("dm.chal"), "Chal."),
            f("items", Shape::Record("dm.item").list(), "Items."),
        ],
    );
}

fn dm_parts(groups: &mut Groups) {
    let texts = || Shape::TextOr(Box::new(Text.list()));
    let data = || Shape::TextOr(Box::new(Shape::Record("dm.data")));
    groups.insert("dm.data", vec![f("hex", Hex, "Octets that are no readable text.")]);
    groups.insert(
        "dm.cred",
        vec![
            f("format", Text, "Format, mostly `b64`."),
            f("type", Text, "Type, such as `syncml:auth-md5`."),
            f("data", data(), "Data."),
        ],
    );
    groups.insert(
        "dm.chal",
        vec![
            f("format", Text, "Format, mostly `b64`."),
            f("type", Text, "Type, such as `syncml:auth-md5`."),
            f("next_nonce", Text, "NextNonce, in base64."),
        ],
    );
    groups.insert(
        "dm.meta",
        vec![
            f("format", Text, "Format."),
            f("type", Text, "Type."),
            f("size", Text, "Size."),
            f("mark", Text, "Mark."),
            f("next_nonce", Text, "NextNonce."),
            f("max_msg_size", Text, "MaxMsgSize."),
            f("max_obj_size", Text, "MaxObjSize."),
            f("emi", Text, "EMI."),
        ],
    );
    groups.insert(
        "dm.item",
        vec![
            f("target", Text, "LocURI of Target."),
            f("target_name", Text, "LocName of Target."),
            f("source", Text, "LocURI of Source."),
            f("source_name", Text, "LocName of Source."),
            f("source_parent", Text, "SourceParent."),
            f("target_parent", Text, "TargetParent."),
            f("meta", Shape::Record("dm.meta"), "Meta."),
            f("data", data(), "Data."),
            f("more_data", Bool, "MoreData."),
        ],
    );
    groups.insert(
        "dm.command",
        vec![
            f("cmd", Text, "Name of the command, such as `Get`; any name can be sent."),
            f("cmd_id", Text, "CmdID; the next free number unless given."),
            f("msg_ref", Text, "MsgRef, of Status and Results."),
            f("cmd_ref", Text, "CmdRef, of Status and Results."),
            f("name", Text, "Cmd: the name of the command that a Status answers."),
            f("target_ref", texts(), "TargetRef: one, or a list."),
            f("source_ref", texts(), "SourceRef: one, or a list."),
            f("cred", Shape::Record("dm.cred"), "Cred."),
            f("chal", Shape::Record("dm.chal"), "Chal."),
            f("data", data(), "Data: the code of an Alert or a Status."),
            f("correlator", Text, "Correlator."),
            f("meta", Shape::Record("dm.meta"), "Meta."),
            f("items", Shape::Record("dm.item").list(), "Items."),
            f("commands", Shape::Record("dm.command").list(), "Commands inside an Atomic or a Sequence."),
        ],
    );
}

fn dm_directive(groups: &mut Groups) {
    let mut fields = header();
    fields.extend([
        f("cred", Shape::WordOr(CRED_WORDS.to_vec(), Box::new(Shape::Record("dm.cred"))), "Cred of the header."),
        f("final", Bool, "Whether Final is there."),
        f("without", Text.list(), "Names of commands to leave out."),
        f("commands", Shape::Record("dm.command").list(), "The commands, instead of all but the Status commands."),
        f("append", Shape::Record("dm.command").list(), "Commands at the end."),
        f(
            "status",
            Shape::WordOr(vec!["none"], Box::new(Shape::Int(0, 0xFFFF))).map(),
            "Status codes by command name; `none` leaves the Status out: `{ SyncHdr: 407 }`.",
        ),
        f(
            "chal",
            Shape::WordOr(vec!["none"], Box::new(Shape::Record("dm.chal"))),
            "Chal in the Status of the SyncHdr.",
        ),
        f("edit", Shape::Record("dm.edit").list(), "Changes to the commands that a template accepts."),
        f("encoding", Shape::Name(vec!["xml", "wbxml"]), "The encoding; that of the message answered unless given."),
        f("body", Text, "The whole message: text, or `hex:` and octets."),
        f("http", Shape::Record("http.with"), "The HTTP message around it."),
    ]);
    groups.insert("dm.directive", fields);
    groups.insert(
        "dm.edit",
        vec![
            f("where", Shape::Template("dm.command"), "Which commands."),
            f("with", Shape::Record("dm.command"), "Fields to set; `null` leaves one out."),
        ],
    );
}
