//! Cards, hosts and boards on USB that send what nobody should: the rows of `inputs.toml` for ICCD, EEM and SIMtrace2.
//! What is told of each is as listed there, and memory stays within its limit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::Path;
use std::time::Duration;

use dmsc_usb::descriptor::{ClassDescriptor, Features, Variant};
use dmsc_usb::eem::{Code, Endpoint, Event as EemEvent, Header, Role, Settings};
use dmsc_usb::iccd::host::{Event, Host, HostConfig, Outcome, Step, Task};
use dmsc_usb::simtrace2::{
    Board, Body, CardEmulation, Config, Data, DataFlags, Event as CardEvent, Generation, Message, Packets, Setup,
    Status, StatusFlags,
};

/// Where the inputs are listed.
const LIST: &str = "../cli/tests/external/hostile/inputs.toml";

/// Steps of an exchange after which it counts as one without end.
const STEPS: usize = 100_000;

/// The rows of a section: the name of each, and what has to be said of it.
fn listed(section: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(LIST);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut rows = BTreeMap::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(table) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name = table.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned);
        } else if let (Some(name), Some(said)) = (&name, line.strip_prefix("says = ")) {
            rows.insert(name.clone(), said.trim_matches('"').to_owned());
        }
    }
    rows
}

/// A row: its name, and what makes its input and gives what is told of it.
type Row = (&'static str, fn() -> String);

fn hold(section: &str, rows: &[Row]) {
    let mut listed = listed(section);
    for (name, input) in rows {
        let told = input();
        let says = listed.remove(*name).unwrap_or_else(|| panic!("{section}.{name} is not listed"));
        assert!(told.contains(&says), "{section}.{name}: {told}");
        println!("{section}/{name}: {told}");
    }
    assert!(listed.is_empty(), "listed, and not played: {listed:?}");
    if let Some(peak) = peak() {
        println!("{section}: at most {peak} MiB of memory");
        assert!(peak < 128, "{peak} MiB");
    }
}

/// The most memory of this process so far, in MiB, where the system tells it.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024)
}

// --- ICCD: the harness is the terminal, and the card answers each read with the same, or with what a function gives ---

fn host(variant: Variant) -> Host {
    let bits = if variant == Variant::ControlA { 0 } else { Features::EXTENDED_APDU };
    let class = ClassDescriptor { features: Features(bits | 0x840), max_message: 271, ..ClassDescriptor::default() };
    Host::new(HostConfig { variant, class, ..HostConfig::default() })
}

/// Runs a task against a card that gives the `n`th read, of at most so many octets, as `card` has it. Gives how it ended,
/// or how it went on.
fn against(variant: Variant, task: Task, card: impl Fn(usize, usize) -> Vec<u8>) -> String {
    let mut host = host(variant);
    let mut step = host.start(task);
    let mut reads = 0;
    for _ in 0..STEPS {
        step = match step {
            Step::Done(Outcome::Failed(failure)) => return failure.to_string(),
            Step::Done(outcome) => return format!("{outcome:?}"),
            Step::ControlOut { .. } | Step::BulkOut(_) => host.next(Event::Sent),
            Step::ControlIn { length, .. } => {
                let octets = card(reads, usize::from(length));
                reads += 1;
                host.next(Event::Received(octets.get(..usize::from(length)).unwrap_or(&octets)))
            }
            Step::BulkIn(most) => {
                let octets = card(reads, most);
                reads += 1;
                host.next(Event::Received(octets.get(..most).unwrap_or(&octets)))
            }
            Step::Wait(_) => host.next(Event::Waited),
        };
    }
    // The driver gives it up when its limit has passed.
    let counters = host.counters();
    format!("goes on: {} time extensions, {} polls", counters.time_extensions, counters.polls)
}

fn status_apdu() -> Task {
    Task::Exchange(vec![0x80, 0xF2, 0, 0, 0])
}

/// A message of the bulk variant in answer to the command of a number: type, data, status and error octet, chain.
fn bulk(kind: u8, sequence: u8, status: u8, chain: u8, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&[kind], &length[..], &[0, sequence, status, 0, chain], data].concat()
}

const ICCD: &[Row] = &[
    ("bulk-length-of-4-gib", || {
        let mut head = bulk(0x80, 0, 0, 0, &[0; 54]);
        head[1..5].copy_from_slice(&[0xFF; 4]);
        against(Variant::Bulk, status_apdu(), |_, _| head.clone())
    }),
    ("bulk-shorter-than-its-header", || against(Variant::Bulk, status_apdu(), |_, _| vec![0x80; 9])),
    ("bulk-more-than-its-length", || {
        against(Variant::Bulk, status_apdu(), |_, _| {
            let mut message = bulk(0x80, 0, 0, 0, &[0x90, 0x00, 0x00]);
            message[1] = 2;
            message
        })
    }),
    ("bulk-answers-to-others", || against(Variant::Bulk, status_apdu(), |_, _| bulk(0x80, 77, 0, 0, &[0x90, 0]))),
    ("bulk-slot-status-for-ever", || against(Variant::Bulk, status_apdu(), |_, _| bulk(0x81, 0, 0x40, 0, &[]))),
    ("bulk-response-of-nothing", || against(Variant::Bulk, status_apdu(), |_, _| bulk(0x80, 0, 0, 0, &[]))),
    ("bulk-no-power", || {
        against(Variant::Bulk, Task::Reset, |n, _| {
            // Hardware error.
            let mut refusal = bulk(0x81, u8::try_from(n % 256).unwrap(), 0x41, 0, &[]);
            refusal[8] = 0xFB;
            refusal
        })
    }),
    ("bulk-time-extensions", || against(Variant::Bulk, status_apdu(), |_, _| bulk(0x80, 0, 0x80, 0, &[]))),
    ("bulk-empty-reads", || against(Variant::Bulk, status_apdu(), |_, _| Vec::new())),
    ("bulk-chain-without-end", || {
        against(Variant::Bulk, status_apdu(), |n, _| {
            // A packet each.
            bulk(0x80, u8::try_from(n % 256).unwrap(), 0, if n == 0 { 1 } else { 3 }, &[7; 54])
        })
    }),
    ("bulk-chain-of-nothing", || {
        against(Variant::Bulk, status_apdu(), |n, _| {
            bulk(0x80, u8::try_from(n % 256).unwrap(), 0, if n == 0 { 1 } else { 3 }, &[])
        })
    }),
    ("bulk-chain-that-begins-twice", || {
        against(Variant::Bulk, status_apdu(), |n, _| bulk(0x80, u8::try_from(n % 256).unwrap(), 0, 1, &[7]))
    }),
    ("bulk-more-of-the-command-wanted", || {
        against(Variant::Bulk, status_apdu(), |n, _| bulk(0x80, u8::try_from(n % 256).unwrap(), 0, 0x10, &[]))
    }),
    ("bulk-atr-of-nothing", || {
        against(Variant::Bulk, Task::Reset, |n, _| bulk(0x80, u8::try_from(n % 256).unwrap(), 0, 0, &[]))
    }),
    ("bulk-atr-in-a-chain", || {
        against(Variant::Bulk, Task::Reset, |n, _| bulk(0x80, u8::try_from(n % 256).unwrap(), 0, 1, &[0x3B]))
    }),
    ("control-a-busy-for-ever", || against(Variant::ControlA, status_apdu(), |_, _| vec![0x40])),
    ("control-a-status-of-no-octet", || against(Variant::ControlA, Task::PowerOff, |_, _| Vec::new())),
    ("control-a-data-of-nothing", || {
        against(Variant::ControlA, status_apdu(), |n, _| if n % 2 == 0 { vec![0x10] } else { Vec::new() })
    }),
    ("control-a-data-octet-by-octet", || {
        against(Variant::ControlA, status_apdu(), |n, _| if n % 2 == 0 { vec![0x10] } else { vec![7] })
    }),
    ("control-a-ready-for-ever", || against(Variant::ControlA, status_apdu(), |_, _| vec![0x00])),
    ("control-b-empty-block", || against(Variant::ControlB, status_apdu(), |_, _| Vec::new())),
    ("control-b-response-of-one-octet", || against(Variant::ControlB, status_apdu(), |_, _| vec![0x00, 0x90])),
    ("control-b-status-for-ever", || against(Variant::ControlB, status_apdu(), |_, _| vec![0x40, 0x00, 0x00])),
    ("control-b-unknown-type", || against(Variant::ControlB, status_apdu(), |_, _| vec![0x55; 4096])),
    ("control-b-polls", || against(Variant::ControlB, status_apdu(), |_, _| vec![0x80, 0, 0])),
    ("control-b-chain-without-end", || {
        against(Variant::ControlB, status_apdu(), |n, most| {
            [&[if n == 0 { 1 } else { 3 }][..], &vec![7; most.saturating_sub(1)]].concat()
        })
    }),
    ("control-b-chain-of-nothing", || {
        against(Variant::ControlB, status_apdu(), |n, _| vec![if n == 0 { 1 } else { 3 }])
    }),
];

// --- EEM: the harness is the host, and the card sends one transfer again and again ---

/// What an endpoint tells of a transfer that comes a thousand times, none of its own being taken: the first error, else
/// what it counted; and how much it wants to write.
fn eem(straddling: bool, transfer: &[u8]) -> String {
    let settings = Settings { straddling, ..Settings::new(Role::Host, NonZeroU16::new(512).unwrap()) };
    let mut endpoint = Endpoint::new(settings);
    let mut told = None;
    for _ in 0..1000 {
        endpoint.receive(transfer, |event| {
            let text = match event {
                EemEvent::Error(error) => error.to_string(),
                EemEvent::Unsolicited(octets) => format!("an Echo Response of {} octets to nothing", octets.len()),
                EemEvent::Misdirected(hint, _) => format!("{hint:?} from the wrong side"),
                EemEvent::Reserved(_) => "a reserved command".to_owned(),
                EemEvent::Frame(frame) => format!("a frame of {} octets", frame.len()),
                EemEvent::EchoAnswered(_) | EemEvent::Hint(..) => return,
            };
            told.get_or_insert(text);
        });
    }
    let mut waiting = 0;
    while endpoint.poll_transfer().is_some() {
        waiting += 1;
    }
    let counters = endpoint.counters();
    let told = told.unwrap_or_else(|| {
        format!(
            "{} fillers, {} hints, {} Echoes answered, {} dropped",
            counters.fillers, counters.hints, counters.echoes_answered, counters.echoes_dropped
        )
    });
    format!("{told}; {waiting} transfers wait")
}

fn header(header: Header) -> [u8; 2] {
    header.octets()
}

fn command(code: Code, param: u16) -> [u8; 2] {
    header(Header::Command { reserved: false, code, param })
}

const EEM: &[Row] = &[
    ("lone-octet", || eem(false, &[0x12])),
    ("frame-cut-off", || eem(false, &[0xFF, 0x3F, 1, 2, 3])),
    ("frame-in-pieces-without-end", || eem(true, &[0xFF, 0x3F].repeat(256))),
    ("frame-of-three-octets", || eem(false, &[3, 0, 1, 2, 3])),
    ("frame-of-16-kib", || eem(false, &[&[0xFF, 0x3F][..], &[7; 16_379], &[0xDE, 0xAD, 0xBE, 0xEF]].concat())),
    ("wrong-sentinel", || eem(false, &[&[24, 0][..], &[7; 24]].concat())),
    ("wrong-crc", || eem(false, &[&[24, 0x40][..], &[7; 24]].concat())),
    ("fillers", || eem(false, &[0; 8192])),
    ("echoes", || eem(false, &command(Code::Echo, 0).repeat(4096))),
    ("echoes-of-2-kib", || eem(false, &[&command(Code::Echo, 2047)[..], &[7; 2047]].concat().repeat(4))),
    ("echo-longer-than-its-transfer", || eem(false, &command(Code::Echo, 2047))),
    ("echo-responses-to-nothing", || eem(false, &command(Code::EchoResponse, 0).repeat(4096))),
    ("hints", || eem(false, &command(Code::ResponseHint, 2047).repeat(4096))),
    ("tickles-from-the-card", || eem(false, &command(Code::Tickle, 0).repeat(4096))),
    ("reserved-commands", || eem(false, &[0xFF, 0xFF].repeat(4096))),
];

// --- SIMtrace2: the harness is the card, and the board sends what no firmware sends ---

fn packets(packet: &[u8], count: usize) -> String {
    let mut packets = Packets::default();
    let mut told = None;
    let mut messages = 0;
    for _ in 0..count {
        for message in packets.push(packet) {
            match message {
                Ok(_) => messages += 1,
                Err(error) => {
                    told.get_or_insert(error.to_string());
                }
            }
        }
    }
    told.unwrap_or_else(|| format!("{messages} messages"))
}

fn written(body: Body) -> Vec<u8> {
    Message::new(body).encode().unwrap()
}

fn received(flags: DataFlags, octets: &[u8]) -> Vec<u8> {
    written(Body::RxData(Data { flags, octets: octets.to_vec() }))
}

fn status(flags: u32) -> Status {
    Status { flags: StatusFlags(flags), ..Status::default() }
}

/// Answers every question for the state of a card that runs; gives how much was written to the board.
fn answer_questions(card: &mut CardEmulation, now: Duration) -> usize {
    let mut transfers = 0;
    while let Some(transfer) = card.poll_transfer() {
        transfers += 1;
        let mut packets = Packets::default();
        let questions = packets
            .push(&transfer.octets)
            .into_iter()
            .flatten()
            .filter(|message| message.body == Body::StatusRequest)
            .count();
        for _ in 0..questions {
            card.bulk_in(&written(Body::Status(status(0x03))), now);
        }
    }
    transfers
}

/// A card that runs in a board, and gets these messages, each again and again. The first trouble, else how many events it
/// has and how much it wants to write.
fn board(messages: &[Vec<u8>], count: usize) -> String {
    let setup =
        Setup { board: Board::Simtrace2, mux: 0, polarity: None, modem_reset: None, generation: Generation::default() };
    let (mut card, mut now) = (CardEmulation::new(setup), Duration::ZERO);
    card.bulk_in(&written(Body::Config(Config { features: 1, mux: Some(0), presence: None })), now);
    card.begin(&[0x3B, 0x00]).unwrap();
    for flags in [0x11, 0x13, 0x03] {
        card.interrupt_in(&written(Body::Status(status(flags))), now);
        answer_questions(&mut card, now);
    }
    while card.poll_event().is_some() {}
    let (mut events, mut transfers, mut told) = (0, 0, None);
    for message in messages.iter().cycle().take(count) {
        now += Duration::from_millis(1);
        card.wait(now);
        message.chunks(64).for_each(|packet| card.bulk_in(packet, now));
        while let Some(event) = card.poll_event() {
            events += 1;
            if let CardEvent::Trouble(trouble) = event {
                told.get_or_insert(trouble.to_string());
            }
        }
        transfers += answer_questions(&mut card, now);
    }
    // Each message that comes leads to a few things at most, and nothing piles up.
    assert!(events + transfers <= 4 * count, "{events} events, {transfers} transfers");
    told.unwrap_or_else(|| format!("no trouble: {events} events, {transfers} transfers"))
}

const UPDATE: [u8; 5] = [0x00, 0xD6, 0x00, 0x00, 0x10];

const SIMTRACE2: &[Row] = &[
    ("message-of-three-octets", || packets(&[1, 6, 0], 1000)),
    ("length-of-64-kib", || packets(&[&[1, 6, 0, 0, 0, 0, 0xFF, 0xFF][..], &[7; 56]].concat(), 100_000)),
    ("length-of-nothing", || packets(&[&[1, 6, 0, 0, 0, 0, 0, 0][..], &[7; 56]].concat(), 100_000)),
    ("message-that-never-ends", || packets(&[&[1, 6, 0, 0, 0, 0, 24, 1][..], &[0xFF; 56]].concat(), 100_000)),
    ("data-longer-than-the-message", || packets(&[1, 6, 0, 0, 0, 0, 14, 0, 2, 0, 0, 0, 0xFF, 0xFF], 1000)),
    ("status-of-one-octet", || packets(&[1, 4, 0, 0, 0, 0, 9, 0, 3], 1000)),
    ("pts-of-one-octet", || packets(&[1, 7, 0, 0, 0, 0, 9, 0, 3], 1000)),
    ("header-of-six-octets", || board(&[received(DataFlags::HEADER, &[0; 6])], 1000)),
    ("more-data-than-announced", || {
        board(&[received(DataFlags::HEADER, &UPDATE), received(DataFlags::FINAL, &[7; 200])], 1000)
    }),
    ("less-data-than-announced", || {
        board(&[received(DataFlags::HEADER, &UPDATE), received(DataFlags::FINAL, &[7; 3])], 1000)
    }),
    ("data-in-empty-parts", || {
        let parts = vec![received(DataFlags(0), &[]); 99];
        board(&[vec![received(DataFlags::HEADER, &UPDATE)], parts].concat(), 100_000)
    }),
    ("headers-without-end", || board(&[received(DataFlags::HEADER, &UPDATE)], 100_000)),
    ("data-for-nothing", || board(&[received(DataFlags::FINAL, &[7; 200])], 100_000)),
    ("error-reports", || {
        let fault = dmsc_usb::simtrace2::message::Fault { severity: 9, subsystem: 9, code: 9, text: vec![0xFF; 255] };
        board(&[written(Body::Error(fault))], 1000)
    }),
    ("unknown-messages", || board(&[written(Body::Other { class: 9, kind: 9, payload: vec![7; 200] })], 100_000)),
];

#[test]
fn cards_that_speak_iccd() {
    hold("iccd", ICCD);
}

#[test]
fn cards_that_speak_eem() {
    hold("eem", EEM);
}

#[test]
fn boards_of_the_simtrace2_family() {
    hold("simtrace2", SIMTRACE2);
}
