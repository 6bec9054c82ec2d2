//! Worked exchanges of the toolkit: each line parses to what it says and re-encodes to the same octets.

use crate::command::ProactiveCommand;
use crate::envelope::Envelope;
use crate::irregular;
use crate::response::TerminalResponse;
use dmsc_octets::{from_hex, to_hex};

fn command(hex: &str) -> ProactiveCommand {
    let command = ProactiveCommand::parse(&from_hex(hex).unwrap()).unwrap();
    assert_eq!(to_hex(&command.encode()), hex);
    assert!(command.describe().len() > 2);
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

/// Lines of `describe` after the name, details and devices.
fn body(lines: &[String]) -> Vec<&str> {
    lines.iter().skip(3).map(String::as_str).collect()
}

const PACKAGE0: &str = "EA25F7D396E6087D04B3F10836A3FF080318000000000110646D73632E6578616D706C652E6F7267";

#[test]
fn commands_of_uicc_server_mode() {
    for (hex, name, objects) in [
        (
            "D00E810301050082028182990303090A",
            "set-up-event-list",
            &["event_list = location-status, data-available, channel-status (03090A)"][..],
        ),
        (
            "D012810301400082028182B9020578BC03031014",
            "open-channel",
            &["buffer_size = 1400 (0578)", "transport = tcp-uicc-server port 4116 (031014)"],
        ),
        (
            "D012810301400082028182390205783C03031014",
            "open-channel",
            &["buffer_size = 1400 (0578)", "transport = tcp-uicc-server port 4116 (031014)"],
        ),
        (
            "D012810301400082028182B9020578BC03030DBC",
            "open-channel",
            &["buffer_size = 1400 (0578)", "transport = tcp-uicc-server port 3516 (030DBC)"],
        ),
        ("D00C810302420082028121B7012D", "receive-data", &["data_length = 45 (2D)"]),
        (
            "D01C810303430082028121B611485454502F312E3120323030204F4B0D0A",
            "send-data",
            &["channel_data = 17 octets (485454502F312E3120323030204F4B0D0A)"],
        ),
        (
            "D01C810303430182028121B611485454502F312E3120323030204F4B0D0A",
            "send-data",
            &["channel_data = 17 octets (485454502F312E3120323030204F4B0D0A)"],
        ),
        ("D009810305440082028182", "get-channel-status", &[]),
        ("D009810304410182028121", "close-channel", &[]),
        ("D009810304410082028121", "close-channel", &[]),
        ("D00E810301400082028182BC03031014", "open-channel", &["transport = tcp-uicc-server port 4116 (031014)"]),
        (
            "D012810301400082028182B9020578BC037F1014",
            "open-channel",
            &["buffer_size = 1400 (0578)", "transport = protocol-7F port 4116 (7F1014)"],
        ),
    ] {
        let command = command(hex);
        assert_eq!(command.name(), name);
        assert_eq!(body(&command.describe()), objects, "{hex}");
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
        ("810301050082028281830100", &["result = performed-successfully (00)"][..]),
        (
            "8103014000820282818301003802410039020578",
            &[
                "result = performed-successfully (00)",
                "channel_status = channel 1 listen (4100)",
                "buffer_size = 1400 (0578)",
            ],
        ),
        (
            "8103014000820282818301073802410039020200",
            &[
                "result = performed-with-modification (07)",
                "channel_status = channel 1 listen (4100)",
                "buffer_size = 512 (0200)",
            ],
        ),
        (
            "81030140008202828183023A1039020578",
            &["result = bearer-independent-protocol-error: port not available (3A10)", "buffer_size = 1400 (0578)"],
        ),
        ("81030140008202828183023A01", &["result = bearer-independent-protocol-error: no channel available (3A01)"]),
        (
            "810302420082028281830100B62D504F5354202F4F4D412F444D20485454502F312E310D0A486F73743A203132372E302E302E313A343131360D0AB70100",
            &[
                "result = performed-successfully (00)",
                "channel_data = 45 octets (504F5354202F4F4D412F444D20485454502F312E310D0A486F73743A203132372E302E302E313A343131360D0A)",
                "data_length = 0 (00)",
            ],
        ),
        ("810302420082028281830102B70100", &["result = missing-information (02)", "data_length = 0 (00)"]),
        ("810303430182028281830100B701FF", &["result = performed-successfully (00)", "data_length = 255 or more (FF)"]),
        (
            "81030343018202828183023A03",
            &["result = bearer-independent-protocol-error: channel identifier not valid (3A03)"],
        ),
        ("81030343018202828183023A02", &["result = bearer-independent-protocol-error: channel closed (3A02)"]),
        (
            "810305440082028281830100B8024100",
            &["result = performed-successfully (00)", "channel_status = channel 1 listen (4100)"],
        ),
        ("810304410082028281830100", &["result = performed-successfully (00)"]),
    ] {
        assert_eq!(body(&response(hex).describe()), objects, "{hex}");
    }
}

#[test]
fn events_of_uicc_server_mode() {
    for (hex, name, objects) in [
        ("D60B99010A82028281B8024100", "event.channel-status", &["channel_status = channel 1 listen (4100)"][..]),
        ("D60B99010A82028281B8028100", "event.channel-status", &["channel_status = channel 1 established (8100)"]),
        ("D60B99010A82028281B8020100", "event.channel-status", &["channel_status = channel 1 closed (0100)"]),
        (
            "D60B99010A82028281B8020105",
            "event.channel-status",
            &["channel_status = channel 1 closed, link dropped (0105)"],
        ),
        (
            "D60E99010982028281B8028100B7012D",
            "event.data-available",
            &["channel_status = channel 1 established (8100)", "data_length = 45 (2D)"],
        ),
        (
            "D60E99010982028281B8028100B701FF",
            "event.data-available",
            &["channel_status = channel 1 established (8100)", "data_length = 255 or more (FF)"],
        ),
    ] {
        let envelope = envelope(hex);
        assert_eq!(envelope.name(), name);
        assert_eq!(body(&envelope.describe()), objects, "{hex}");
    }
}

#[test]
fn terminal_server_mode() {
    for (hex, objects) in [
        (
            "D012810301400082028182B90200C8BC0305C000",
            &["buffer_size = 200 (00C8)", "transport = tcp-client-local port 49152 (05C000)"][..],
        ),
        (
            "D012810301400082028182B90200C8BC0304C000",
            &["buffer_size = 200 (00C8)", "transport = udp-client-local port 49152 (04C000)"],
        ),
        (
            "D01E810301400082028182850A444D2073657373696F6EB90200C8BC0305C000",
            &[
                "alpha_id = \"DM session\" (444D2073657373696F6E)",
                "buffer_size = 200 (00C8)",
                "transport = tcp-client-local port 49152 (05C000)",
            ],
        ),
    ] {
        assert_eq!(body(&command(hex).describe()), objects, "{hex}");
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
            &[
                "result = performed-successfully (00)",
                "channel_status = channel 1 established (8100)",
                "buffer_size = 200 (00C8)",
            ][..],
        ),
        (
            "81030140008202828183023A10390200C8",
            &["result = bearer-independent-protocol-error: port not available (3A10)", "buffer_size = 200 (00C8)"],
        ),
        ("810302430182028281830100B701C8", &["result = performed-successfully (00)", "data_length = 200 (C8)"]),
        ("81030243018202828183022000", &["result = terminal-unable: no specific cause (2000)"]),
        ("810303410082028281830100", &["result = performed-successfully (00)"]),
    ] {
        assert_eq!(body(&response(hex).describe()), objects, "{hex}");
    }
}

#[test]
fn terminal_applications() {
    for (hex, applications) in [
        ("DC1482028281710CC0000007C42668C84E97DD747000", &["port 49152, coding 00, type 07, name \"DM Client\""][..]),
        ("DC1582028281F10DC0000407444D20436C69656E74F000", &["port 49152, coding 04, type 07, name \"DM Client\""]),
        (
            "DC1E820282817116C00008070044004D00200043006C00690065006E00747000",
            &["port 49152, coding 08, type 07, name \"DM Client\""],
        ),
        (
            "DC2182028281710CC0000007C42668C84E97DD74710BC001000142F9FB3E2FCB017000",
            &[
                "port 49152, coding 00, type 07, name \"DM Client\"",
                "port 49153, coding 00, type 01, name \"Browser@\"",
            ],
        ),
    ] {
        let envelope = envelope(hex);
        assert_eq!(envelope.name(), "envelope.terminal-applications");
        assert_eq!(envelope.objects.applications().map(ToString::to_string).collect::<Vec<_>>(), applications, "{hex}");
        assert!(envelope.get(crate::object::ObjectKind::LastEnvelope).is_some());
    }
    let swapped = envelope("DC1482028281710CC0000700C42668C84E97DD747000");
    let application = swapped.objects.applications().next().unwrap();
    assert_eq!(application.order(), crate::object::FieldOrder::Swapped);
    assert_eq!(application.swapped().name_text().unwrap(), "DM Client");
}

#[test]
fn short_message_command() {
    let hex = format!(
        "D0568103011300820281838607915155000000F18B4241000B915155214365F700F5350605040B8423F0010603C4AF87{PACKAGE0}"
    );
    let command = command(&hex);
    assert_eq!(command.name(), "send-short-message");
    assert_eq!(body(&command.describe())[0], "address = +15550000001 (915155000000F1)");
    assert_eq!(command.objects.sms_tpdu().unwrap().len(), 0x42);
    assert_eq!(response("8103011300820282818302351B").describe()[3], "result = sms-rp-error (351B)");
    assert_eq!(response("810301130082028281830100").describe()[0], "terminal response to send-short-message");
}

#[test]
fn wake_up() {
    let timer = command("D011810301270082028182A40101A503001000");
    assert_eq!(body(&timer.describe()), ["timer_id = 1 (01)", "timer_value = 00:01:00 (001000)"]);
    assert_eq!(response("810301270082028281830100A40101").objects.timer_id(), Some(1));
    let fired = envelope("D70C82028281A40101A503001000");
    assert_eq!(
        (fired.name().as_str(), fired.objects.timer_value().unwrap().seconds()),
        ("envelope.timer-expiration", 60)
    );
    let poll = command("D00D8103010300820281828402011E");
    assert_eq!(body(&poll.describe()), ["duration = 30 seconds (011E)"]);
    assert_eq!(response("8103010300820282818301008402011E").objects.duration().unwrap().interval, 30);
    let call = envelope("D416820282818607918100550591F9130700F11000010001");
    assert_eq!(call.name(), "envelope.call-control");
    assert_eq!(call.describe()[2], "address = +18005550199 (918100550591F9)");
    assert_eq!(call.describe()[3], "location_information = 00F11000010001");
    let regained = envelope("D613990103820282819B0100130700F11000010001");
    assert_eq!(
        (regained.name().as_str(), regained.describe()[3].as_str()),
        ("event.location-status", "location_status = normal (00)")
    );
    assert_eq!(envelope("D60A990103820282819B0102").describe()[3], "location_status = none (02)");
}
