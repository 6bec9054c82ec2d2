//! Worked exchanges of the toolkit: each line parses to what it says and re-encodes to the same octets.

use crate::command::{CommandType, ProactiveCommand};
use crate::envelope::Envelope;
use crate::irregular;
use crate::response::TerminalResponse;
use dmsc_octets::{from_hex, to_hex};
use serde_json::{Map, Value, json};

fn command(hex: &str) -> ProactiveCommand {
    let command = ProactiveCommand::parse(&from_hex(hex).unwrap()).unwrap();
    assert_eq!(to_hex(&command.encode()), hex);
    assert_eq!(irregular::proactive_command(&from_hex(hex).unwrap()), [], "{hex}");
    command
}

fn response(hex: &str) -> TerminalResponse {
    let response = TerminalResponse::parse(&from_hex(hex).unwrap()).unwrap();
    assert_eq!(to_hex(&response.encode()), hex);
    assert_eq!(irregular::terminal_response(&from_hex(hex).unwrap()), [], "{hex}");
    response
}

fn envelope(hex: &str) -> Envelope {
    let envelope = Envelope::parse(&from_hex(hex).unwrap()).unwrap();
    assert_eq!(to_hex(&envelope.encode()), hex);
    assert_eq!(irregular::envelope(&from_hex(hex).unwrap()), [], "{hex}");
    envelope
}

/// The fields but those of the command details, of the device identities and of CR flags.
fn body(fields: &Map<String, Value>) -> Value {
    const OTHERS: [&str; 8] = ["number", "type", "qualifier", "source", "destination", "tag", "cr", "no_cr"];
    let fields = fields.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str()));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

const PACKAGE0: &str = "EA25F7D396E6087D04B3F10836A3FF080318000000000110646D73632E6578616D706C652E6F7267";

#[test]
fn commands_of_uicc_server_mode() {
    for (hex, name, objects) in [
        (
            "D00E810301050082028182990303090A",
            "set-up-event-list",
            json!({ "event_list": ["location-status", "data-available", "channel-status"] }),
        ),
        (
            "D012810301400082028182B9020578BC03031014",
            "open-channel",
            json!({ "buffer_size": 1400, "transport": { "protocol": "tcp-uicc-server", "port": 4116 } }),
        ),
        (
            "D012810301400082028182390205783C03031014",
            "open-channel",
            json!({ "buffer_size": 1400, "transport": { "protocol": "tcp-uicc-server", "port": 4116 } }),
        ),
        (
            "D012810301400082028182B9020578BC03030DBC",
            "open-channel",
            json!({ "buffer_size": 1400, "transport": { "protocol": "tcp-uicc-server", "port": 3516 } }),
        ),
        ("D00C810302420082028121B7012D", "receive-data", json!({ "data_length": 45 })),
        (
            "D01C810303430082028121B611485454502F312E3120323030204F4B0D0A",
            "send-data",
            json!({ "channel_data": "485454502F312E3120323030204F4B0D0A" }),
        ),
        (
            "D01C810303430182028121B611485454502F312E3120323030204F4B0D0A",
            "send-data",
            json!({ "channel_data": "485454502F312E3120323030204F4B0D0A" }),
        ),
        ("D009810305440082028182", "get-channel-status", json!({})),
        ("D009810304410182028121", "close-channel", json!({})),
        ("D009810304410082028121", "close-channel", json!({})),
        (
            "D00E810301400082028182BC03031014",
            "open-channel",
            json!({ "transport": { "protocol": "tcp-uicc-server", "port": 4116 } }),
        ),
        (
            "D012810301400082028182B9020578BC037F1014",
            "open-channel",
            json!({ "buffer_size": 1400, "transport": { "protocol": 0x7F, "port": 4116 } }),
        ),
    ] {
        let command = command(hex);
        assert_eq!(command.name(), name);
        assert_eq!(body(&command.to_fields()), objects, "{hex}");
    }
}

#[test]
fn devices_and_qualifiers() {
    let close = command("D009810304410182028121");
    let (details, devices) = (close.details().unwrap(), close.devices().unwrap());
    assert_eq!((details.number, details.qualifier, devices.destination.channel_number()), (4, 1, Some(1)));
}

#[test]
fn responses_of_uicc_server_mode() {
    for (hex, objects) in [
        ("810301050082028281830100", json!({ "result": 0x00 })),
        (
            "8103014000820282818301003802410039020578",
            json!({ "result": 0x00, "channel_status": [{ "channel": 1, "link": "listen", "info": 0 }], "buffer_size": 1400 }),
        ),
        (
            "8103014000820282818301073802410039020200",
            json!({ "result": 0x07, "channel_status": [{ "channel": 1, "link": "listen", "info": 0 }], "buffer_size": 512 }),
        ),
        ("81030140008202828183023A1039020578", json!({ "result": 0x3A, "additional": "10", "buffer_size": 1400 })),
        ("81030140008202828183023A01", json!({ "result": 0x3A, "additional": "01" })),
        (
            "810302420082028281830100B62D504F5354202F4F4D412F444D20485454502F312E310D0A486F73743A203132372E302E302E313A343131360D0AB70100",
            json!({ "result": 0x00, "channel_data": "504F5354202F4F4D412F444D20485454502F312E310D0A486F73743A203132372E302E302E313A343131360D0A", "data_length": 0 }),
        ),
        ("810302420082028281830102B70100", json!({ "result": 0x02, "data_length": 0 })),
        ("810303430182028281830100B701FF", json!({ "result": 0x00, "data_length": 255 })),
        ("81030343018202828183023A03", json!({ "result": 0x3A, "additional": "03" })),
        ("81030343018202828183023A02", json!({ "result": 0x3A, "additional": "02" })),
        (
            "810305440082028281830100B8024100",
            json!({ "result": 0x00, "channel_status": [{ "channel": 1, "link": "listen", "info": 0 }] }),
        ),
        ("810304410082028281830100", json!({ "result": 0x00 })),
    ] {
        assert_eq!(body(&response(hex).to_fields()), objects, "{hex}");
    }
}

#[test]
fn events_of_uicc_server_mode() {
    for (hex, name, objects) in [
        (
            "D60B99010A82028281B8024100",
            "event.channel-status",
            json!({ "channel_status": [{ "channel": 1, "link": "listen", "info": 0 }] }),
        ),
        (
            "D60B99010A82028281B8028100",
            "event.channel-status",
            json!({ "channel_status": [{ "channel": 1, "link": "established", "info": 0 }] }),
        ),
        (
            "D60B99010A82028281B8020100",
            "event.channel-status",
            json!({ "channel_status": [{ "channel": 1, "link": "closed", "info": 0 }] }),
        ),
        (
            "D60B99010A82028281B8020105",
            "event.channel-status",
            json!({ "channel_status": [{ "channel": 1, "link": "closed", "info": 5 }] }),
        ),
        (
            "D60E99010982028281B8028100B7012D",
            "event.data-available",
            json!({ "channel_status": [{ "channel": 1, "link": "established", "info": 0 }], "data_length": 45 }),
        ),
        (
            "D60E99010982028281B8028100B701FF",
            "event.data-available",
            json!({ "channel_status": [{ "channel": 1, "link": "established", "info": 0 }], "data_length": 255 }),
        ),
    ] {
        let envelope = envelope(hex);
        assert_eq!(envelope.name(), name);
        let mut fields = envelope.to_fields();
        fields.remove("event_list");
        assert_eq!(body(&fields), objects, "{hex}");
    }
}

#[test]
fn terminal_server_mode() {
    for (hex, objects) in [
        (
            "D012810301400082028182B90200C8BC0305C000",
            json!({ "buffer_size": 200, "transport": { "protocol": "tcp-client-local", "port": 49152 } }),
        ),
        (
            "D012810301400082028182B90200C8BC0304C000",
            json!({ "buffer_size": 200, "transport": { "protocol": "udp-client-local", "port": 49152 } }),
        ),
        (
            "D01E810301400082028182850A444D2073657373696F6EB90200C8BC0305C000",
            json!({ "alpha_id": "DM session", "buffer_size": 200, "transport": { "protocol": "tcp-client-local", "port": 49152 } }),
        ),
    ] {
        assert_eq!(body(&command(hex).to_fields()), objects, "{hex}");
    }
    let whole = command(&format!("D033810302430182028121B628{PACKAGE0}"));
    assert_eq!(to_hex(whole.objects.channel_data().unwrap()), PACKAGE0);
    let first = command("D023810302430082028121B618EA25F7D396E6087D04B3F10836A3FF080318000000000110");
    let rest = command("D01B810303430182028121B610646D73632E6578616D706C652E6F7267");
    let joined = [first.objects.channel_data().unwrap(), rest.objects.channel_data().unwrap()].concat();
    assert_eq!(to_hex(&joined), PACKAGE0);
    assert_eq!((first.details().unwrap().qualifier, rest.details().unwrap().qualifier), (0, 1));
    assert_eq!(command("D009810303410082028121").name(), "close-channel");
}

#[test]
fn responses_of_terminal_server_mode() {
    for (hex, objects) in [
        (
            "81030140008202828183010038028100390200C8",
            json!({ "result": 0x00, "channel_status": [{ "channel": 1, "link": "established", "info": 0 }], "buffer_size": 200 }),
        ),
        ("81030140008202828183023A10390200C8", json!({ "result": 0x3A, "additional": "10", "buffer_size": 200 })),
        ("810302430182028281830100B701C8", json!({ "result": 0x00, "data_length": 200 })),
        ("81030243018202828183022000", json!({ "result": 0x20, "additional": "00" })),
        ("810303410082028281830100", json!({ "result": 0x00 })),
    ] {
        assert_eq!(body(&response(hex).to_fields()), objects, "{hex}");
    }
}

#[test]
fn terminal_applications() {
    for (hex, applications) in [
        (
            "DC1482028281710CC0000007C42668C84E97DD747000",
            json!([{ "port": 49152, "dcs": 0, "type": 7, "name": "DM Client" }]),
        ),
        (
            "DC1582028281F10DC0000407444D20436C69656E74F000",
            json!([{ "port": 49152, "dcs": 4, "type": 7, "name": "DM Client" }]),
        ),
        (
            "DC1E820282817116C00008070044004D00200043006C00690065006E00747000",
            json!([{ "port": 49152, "dcs": 8, "type": 7, "name": "DM Client" }]),
        ),
        (
            "DC2182028281710CC0000007C42668C84E97DD74710BC001000142F9FB3E2FCB017000",
            json!([{ "port": 49152, "dcs": 0, "type": 7, "name": "DM Client" }, { "port": 49153, "dcs": 0, "type": 1, "name": "Browser@" }]),
        ),
    ] {
        let envelope = envelope(hex);
        assert_eq!(envelope.name(), "envelope.terminal-applications");
        assert_eq!(envelope.to_fields().get("applications"), Some(&applications), "{hex}");
        assert!(envelope.get(crate::object::ObjectKind::LastEnvelope).is_some());
    }
    let swapped = Envelope::parse(&from_hex("DC1482028281710CC0000700C42668C84E97DD747000").unwrap()).unwrap();
    let application = swapped.objects.applications().next().unwrap();
    assert!(application.looks_exchanged());
}

#[test]
fn short_message_command() {
    let hex = format!(
        "D0568103011300820281838607915155000000F18B4241000B915155214365F700F5350605040B8423F0010603C4AF87{PACKAGE0}"
    );
    let command = command(&hex);
    assert_eq!(command.name(), "send-short-message");
    assert_eq!(command.to_fields().get("address"), Some(&json!("+15550000001")));
    assert_eq!(command.objects.sms_tpdu().unwrap().len(), 0x42);
    assert_eq!(
        body(&response("8103011300820282818302351B").to_fields()),
        json!({ "result": 0x35, "additional": "1B" })
    );
    assert_eq!(response("810301130082028281830100").command_type(), Some(CommandType::SendShortMessage));
}

#[test]
fn wake_up() {
    let timer = command("D011810301270082028182A40101A503001000");
    assert_eq!(body(&timer.to_fields()), json!({ "timer_id": 1, "timer_value": "00:01:00" }));
    assert_eq!(response("810301270082028281830100A40101").objects.timer_id(), Some(1));
    let fired = envelope("D70C82028281A40101A503001000");
    assert_eq!(
        (fired.name().as_str(), fired.objects.timer_value().unwrap().seconds()),
        ("envelope.timer-expiration", 60)
    );
    let poll = command("D00D8103010300820281828402011E");
    assert_eq!(body(&poll.to_fields()), json!({ "duration": { "unit": "seconds", "interval": 30 } }));
    assert_eq!(response("8103010300820282818301008402011E").objects.duration().unwrap().interval, 30);
    let call = envelope("D416820282818607918100550591F9130700F11000010001");
    assert_eq!(call.name(), "envelope.call-control");
    assert_eq!(body(&call.to_fields()), json!({ "address": "+18005550199", "location_information": "00F11000010001" }));
    let regained = envelope("D613990103820282819B0100130700F11000010001");
    assert_eq!(regained.name(), "event.location-status");
    assert_eq!(regained.to_fields().get("location_status"), Some(&json!("normal")));
    let lost = envelope("D60A990103820282819B0102");
    assert_eq!(lost.to_fields().get("location_status"), Some(&json!("none")));
}
