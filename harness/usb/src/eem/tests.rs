//! Literal octets, round trips, and no panic on any octets.

use std::num::NonZeroU16;

use proptest::prelude::*;

use super::raw::Raw;
use super::*;

const FULL_SPEED: NonZeroU16 = NonZeroU16::new(64).unwrap();

/// An ARP request from 02:00:00:00:00:01 for 10.0.0.2; no padding, EEM has no shortest frame.
const ARP: [u8; 42] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06,
    0x04, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x0A, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x0A, 0x00, 0x00, 0x02,
];

fn encoder() -> Encoder {
    Encoder { max_packet_size: FULL_SPEED }
}

fn endpoint(role: Role) -> Endpoint {
    Endpoint::new(Settings::new(role, FULL_SPEED))
}

fn read(transfer: &[u8]) -> Vec<Result<Packet<'_>, DecodeError>> {
    packets(transfer).collect()
}

fn events(endpoint: &mut Endpoint, transfer: &[u8]) -> Vec<String> {
    let mut seen = Vec::new();
    endpoint.receive(transfer, |event| seen.push(format!("{event:?}")));
    seen
}

fn sent(endpoint: &mut Endpoint) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| endpoint.poll_transfer()).collect()
}

#[test]
fn a_frame_with_each_check() {
    let frame = Packet::Frame { check: Check::Sentinel, frame: &ARP };
    let transfer = encoder().transfer(&[frame]).unwrap();
    assert_eq!(transfer[..2], [0x2E, 0x00]);
    assert_eq!(transfer[2..44], ARP);
    assert_eq!(transfer[44..], [0xDE, 0xAD, 0xBE, 0xEF]);
    assert_eq!(read(&transfer), [Ok(frame)]);

    let frame = Packet::Frame { check: Check::Crc, frame: &ARP };
    let transfer = encoder().transfer(&[frame]).unwrap();
    assert_eq!(transfer[..2], [0x2E, 0x40]);
    // Computed with zlib.crc32 of another language over the same 42 octets.
    assert_eq!(transfer[44..], CRC_OF_ARP);
    assert_eq!(read(&transfer), [Ok(frame)]);
}

const CRC_OF_ARP: [u8; 4] = [0x27, 0xFE, 0xE9, 0x54];

#[test]
fn a_transfer_that_would_end_in_a_full_packet_is_filled_up() {
    // 2 + 58 + 4 = 64.
    let frame = [0x55; 58];
    let transfer = encoder().transfer(&[Packet::Frame { check: Check::Sentinel, frame: &frame }]).unwrap();
    assert_eq!(transfer.len(), 66);
    assert_eq!(transfer[64..], [0, 0]);
    assert_eq!(read(&transfer).len(), 2);
    let mut card = endpoint(Role::Peripheral);
    assert_eq!(events(&mut card, &transfer).len(), 1, "one frame, and the filler is no event");
    assert_eq!((card.counters().fillers, card.counters().errors()), (1, 0));

    assert_eq!(encoder().transfer(&[Packet::Echo(&[7; 62])]).unwrap().len(), 66);
    assert_eq!(encoder().transfer(&[Packet::Echo(&[7; 61])]).unwrap().len(), 63);
    assert_eq!(encoder().transfer(&[]).unwrap(), []);
}

#[test]
fn frames_that_nobody_reads_do_not_pile_up() {
    let mut host = endpoint(Role::Host);
    let before = *host.counters();
    for _ in 0..1000 {
        host.send_frame(&[7; 60]).unwrap();
    }
    assert_eq!(host.counters().frames_lost, 1000 - 256);
    assert_eq!(sent(&mut host).len(), 256);
    assert_eq!(host.counters().wrong_since(&before).as_deref(), Some("744 frames to it that were not read"));
    assert_eq!(host.counters().wrong_since(&host.counters().to_owned()), None);
    // With room there again, they go.
    host.send_frame(&[7; 60]).unwrap();
    assert_eq!(sent(&mut host).len(), 1);
}

#[test]
fn an_echo_is_answered_with_the_same_octets() {
    let (mut host, mut card) = (endpoint(Role::Host), endpoint(Role::Peripheral));
    for length in [0, 1, 62, 64, 2047] {
        let payload: Vec<u8> = (0..length).map(|n| n as u8).collect();
        host.send_echo(&payload).unwrap();
        let [ask] = sent(&mut host).try_into().unwrap();
        assert_eq!(ask[..2], (0x8000_u16 | length as u16).to_le_bytes());
        assert_eq!(events(&mut card, &ask), [""; 0]);
        let [answer] = sent(&mut card).try_into().unwrap();
        assert_eq!(answer[..2], (0x8800_u16 | length as u16).to_le_bytes());
        assert_eq!(events(&mut host, &answer), [format!("{:?}", Event::EchoAnswered(&payload))]);
    }
    assert_eq!((card.counters().echoes_answered, host.counters().echo_responses), (5, 5));
    assert_eq!((card.counters().errors(), host.counters().errors()), (0, 0));
    assert_eq!(host.send_echo(&[0; 2048]), Err(EncodeError::EchoLength { length: 2048 }));
    assert_eq!(sent(&mut host), [[]; 0]);
}

#[test]
fn a_response_to_nothing_or_with_other_octets_is_told_apart() {
    let mut host = endpoint(Role::Host);
    assert_eq!(events(&mut host, &Raw::unsolicited_response(b"hi").octets()), ["Unsolicited([104, 105])"]);
    host.send_echo(b"ho").unwrap();
    assert_eq!(events(&mut host, &[0x02, 0x88, b'h', b'i']), ["Unsolicited([104, 105])"]);
    assert_eq!(events(&mut host, &[0x02, 0x88, b'h', b'o']), ["EchoAnswered([104, 111])"]);
    assert_eq!(host.counters().unsolicited_responses, 2);
}

#[test]
fn hints_and_tickles_have_a_direction() {
    let suspend = encoder().transfer(&[Packet::Hint { hint: Hint::Suspend, param: 0 }]).unwrap();
    assert_eq!(suspend, [0x00, 0x90]);
    let tickle = encoder().transfer(&[Packet::Hint { hint: Hint::Tickle, param: 0 }]).unwrap();
    assert_eq!(tickle, [0x00, 0xA8]);
    let (mut host, mut card) = (endpoint(Role::Host), endpoint(Role::Peripheral));
    assert_eq!(events(&mut host, &suspend), ["Hint(Suspend, 0)"]);
    assert_eq!(events(&mut host, &[0x0A, 0x98]), ["Hint(Response, 10)"]);
    assert_eq!(events(&mut host, &[0x0A, 0xA0]), ["Hint(ResponseComplete, 10)"]);
    assert_eq!(events(&mut host, &tickle), ["Misdirected(Tickle, 0)"]);
    assert_eq!(events(&mut card, &tickle), ["Hint(Tickle, 0)"]);
    assert_eq!(events(&mut card, &suspend), ["Misdirected(Suspend, 0)"]);
    assert_eq!((host.counters().hints, host.counters().misdirected), (3, 1));
}

#[test]
fn reserved_commands_are_passed_over_and_what_follows_is_read() {
    let mut transfer = Raw::reserved_command(true, 0, 5).octets();
    transfer.extend(Raw::reserved_command(false, 7, 9).octets());
    assert_eq!(transfer, [0x05, 0xC0, 0x09, 0xB8]);
    transfer.extend(Raw::frame(Check::Sentinel, &ARP).octets());
    let mut card = endpoint(Role::Peripheral);
    let seen = events(&mut card, &transfer);
    assert_eq!(seen.len(), 3);
    assert!(seen[2].starts_with("Frame"));
    assert_eq!((card.counters().reserved, card.counters().frames_with_sentinel), (2, 1));
}

#[test]
fn a_wrong_frame_is_dropped_and_the_one_behind_it_is_read() {
    for (wrong, fault) in [
        (
            Raw::wrong_crc(&ARP),
            Fault::WrongCrc {
                found: [CRC_OF_ARP[0] ^ 1, CRC_OF_ARP[1], CRC_OF_ARP[2], CRC_OF_ARP[3]],
                computed: CRC_OF_ARP,
            },
        ),
        (Raw::wrong_sentinel(&ARP), Fault::WrongSentinel { found: [0xEF, 0xBE, 0xAD, 0xDE] }),
        (Raw::runt(Check::Sentinel, &[0; 13]), Fault::Runt { length: 17 }),
    ] {
        let mut transfer = wrong.octets();
        transfer.extend(Raw::frame(Check::Crc, &ARP).octets());
        let good = Packet::Frame { check: Check::Crc, frame: &ARP };
        assert_eq!(read(&transfer), [Err(DecodeError { at: 0, fault }), Ok(good)]);
    }
}

#[test]
fn a_filler_that_claims_a_crc_is_taken_as_linux_does() {
    // No packet of length zero but 00 00 is one by the class.
    let runt = DecodeError { at: 0, fault: Fault::Runt { length: 0 } };
    assert_eq!(read(&[0x00, 0x40]), [Err(runt)]);
    let frame = Raw::frame(Check::Crc, &ARP).octets();
    let told = format!("{:?}", Event::Frame(&ARP));
    for transfer in [[&[0x00, 0x40][..], &frame].concat(), [&[0x00, 0x00][..], &frame].concat()] {
        let odd = transfer[1] == 0x40;
        // The host passes both over.
        let mut host = endpoint(Role::Host);
        assert_eq!(events(&mut host, &transfer).concat(), told);
        assert_eq!((host.counters().fillers, host.counters().errors()), (1, 0));
        // The peripheral counts an error; that it loses the rest of the transfer, too, is not followed.
        let mut card = endpoint(Role::Peripheral);
        let seen = events(&mut card, &transfer);
        assert_eq!(seen.last(), Some(&told));
        assert_eq!(
            (seen.len(), card.counters().fillers, card.counters().runts),
            if odd { (2, 0, 1) } else { (1, 1, 0) }
        );
    }
    let mut host = endpoint(Role::Host);
    for nothing in [&[0x00, 0x40][..], &[0x00, 0x00, 0x00, 0x40, 0x00, 0x00], &[]] {
        assert_eq!(events(&mut host, nothing), [""; 0]);
    }
    assert_eq!((host.counters().fillers, host.counters().errors()), (4, 0));
}

#[test]
fn each_transfer_begins_anew_whatever_the_last_one_left() {
    let frame = Raw::frame(Check::Sentinel, &ARP).octets();
    let told = format!("{:?}", Event::Frame(&ARP));
    // Cut off, with a length beyond its end, with a lone octet, with a header and nothing else.
    for broken in [&frame[..30], &[0xFF, 0x3F, 0x01], &[0x2E], &[0x2E, 0x40], &[0xFF, 0x87]] {
        for straddling in [false, true] {
            let mut card = Endpoint::new(Settings { straddling, ..Settings::new(Role::Peripheral, FULL_SPEED) });
            let first = events(&mut card, broken);
            assert_eq!(first.len(), usize::from(!straddling), "{broken:02X?}");
            let mut seen = Vec::new();
            for _ in 0..3 {
                seen.extend(events(&mut card, &frame));
            }
            assert_eq!(seen.iter().filter(|event| **event == told).count(), 3, "{broken:02X?} {straddling}: {seen:?}");
            assert_eq!(card.counters().errors(), 1, "{broken:02X?} {straddling}");
        }
    }
    // What stands before the broken packet in its transfer is taken, what stands behind it is not.
    let mut card = endpoint(Role::Peripheral);
    let transfer = [frame.as_slice(), &[0xFF, 0x3F], &frame].concat();
    assert_eq!(events(&mut card, &transfer).iter().filter(|event| **event == told).count(), 1);
    assert_eq!(events(&mut card, &frame), [told]);
}

#[test]
fn the_middle_of_a_frame_may_look_like_fillers() {
    // Frames of zeros, in transfers of 64 octets: the middle ones are whole packets in themselves, and say nothing.
    let frame = [0; 200];
    let transfer = Raw::frame(Check::Crc, &frame).octets();
    let mut card = Endpoint::new(Settings { straddling: true, ..Settings::new(Role::Peripheral, FULL_SPEED) });
    let seen: Vec<String> = transfer.chunks(64).flat_map(|chunk| events(&mut card, chunk)).collect();
    assert_eq!(seen, [format!("{:?}", Event::Frame(&frame))]);
    // Put together it is no packet: the transfer that ended it begins one.
    let mut wrong = transfer.clone();
    wrong[100] ^= 1;
    let good = Raw::frame(Check::Crc, &ARP).octets();
    let seen: Vec<String> = wrong.chunks(103).flat_map(|chunk| events(&mut card, chunk)).collect();
    assert!(seen.len() == 1 && seen[0].contains("WrongCrc"), "{seen:?}");
    assert_eq!(events(&mut card, &good).last(), Some(&format!("{:?}", Event::Frame(&ARP))));
}

#[test]
fn what_is_cut_short_ends_its_transfer_and_says_where() {
    let mut transfer = Raw::frame(Check::Sentinel, &ARP).octets();
    transfer.extend(Raw::lone_octet(0x2E).octets());
    let error = DecodeError { at: 48, fault: Fault::LoneOctet { octet: 0x2E } };
    assert_eq!(read(&transfer)[1], Err(error));
    assert!(error.to_string().starts_with("octet 48: one octet is left, 2E"));

    let transfer = Raw::oversize(Check::Sentinel, &ARP, 1000).octets();
    let error = DecodeError { at: 0, fault: Fault::Truncated { announced: 1046, left: 46 } };
    assert_eq!(read(&transfer), [Err(error)]);

    let mut card = endpoint(Role::Peripheral);
    events(&mut card, &transfer);
    events(&mut card, &Raw::frame(Check::Sentinel, &ARP).octets());
    assert_eq!((card.counters().cut_short, card.counters().frames_with_sentinel), (1, 1));
}

#[test]
fn a_packet_may_go_on_in_the_next_transfer_if_that_is_put_up_with() {
    let transfer = Raw::frame(Check::Crc, &ARP).octets();
    for at in 1..transfer.len() {
        let (first, second) = transfer.split_at(at);
        let mut strict = endpoint(Role::Peripheral);
        strict.receive(first, |_| {});
        assert_eq!(strict.counters().cut_short, 1, "split at {at}");

        let mut lenient = Endpoint::new(Settings { straddling: true, ..Settings::new(Role::Peripheral, FULL_SPEED) });
        assert_eq!(events(&mut lenient, first), [""; 0]);
        assert_eq!(events(&mut lenient, second), [format!("{:?}", Event::Frame(&ARP))]);
        assert_eq!(lenient.counters().errors(), 0);
    }
}

#[test]
fn frames_share_a_transfer_up_to_the_limit() {
    let mut settings = Settings::new(Role::Host, FULL_SPEED);
    let mut single = Endpoint::new(settings);
    settings.bundle = 100;
    let mut bundling = Endpoint::new(settings);
    for endpoint in [&mut single, &mut bundling] {
        for _ in 0..5 {
            endpoint.send_frame(&ARP).unwrap();
        }
    }
    assert_eq!(sent(&mut single).iter().map(Vec::len).collect::<Vec<_>>(), [48; 5]);
    // Two of 48 fit 100, a third does not.
    let transfers = sent(&mut bundling);
    assert_eq!(transfers.iter().map(Vec::len).collect::<Vec<_>>(), [96, 96, 48]);
    let mut card = endpoint(Role::Peripheral);
    let frames: usize = transfers.iter().map(|transfer| events(&mut card, transfer).len()).sum();
    assert_eq!((frames, card.counters().errors()), (5, 0));
}

#[test]
fn a_reset_endpoint_has_nothing_under_way() {
    let mut card =
        Endpoint::new(Settings { straddling: true, bundle: 1000, ..Settings::new(Role::Peripheral, FULL_SPEED) });
    let transfer = Raw::frame(Check::Crc, &ARP).octets();
    card.send_echo(b"ho").unwrap();
    card.send_frame(&ARP).unwrap();
    assert_eq!(events(&mut card, &transfer[..20]), [""; 0]);
    card.reset();
    assert!(!card.has_transfer());
    assert_eq!(events(&mut card, &transfer), [format!("{:?}", Event::Frame(&ARP))]);
    assert_eq!(events(&mut card, &[0x02, 0x88, b'h', b'o']), ["Unsolicited([104, 111])"]);
    assert_eq!((card.counters().frames_sent, card.counters().transfers), (1, 3));
}

#[test]
fn commands_keep_their_place_among_frames() {
    let mut settings = Settings::new(Role::Host, FULL_SPEED);
    settings.bundle = 1000;
    let mut host = Endpoint::new(settings);
    host.send_frame(&ARP).unwrap();
    host.send_echo(b"ho").unwrap();
    host.send_frame(&ARP).unwrap();
    host.send_transfer(vec![0x2E]);
    assert_eq!(sent(&mut host).iter().map(Vec::len).collect::<Vec<_>>(), [48, 4, 48, 1]);
}

#[test]
fn a_frame_that_fits_no_packet_is_refused() {
    let mut host = endpoint(Role::Host);
    assert_eq!(host.send_frame(&[0; 13]), Err(EncodeError::FrameLength { length: 13 }));
    assert_eq!(host.send_frame(&[0; 16380]), Err(EncodeError::FrameLength { length: 16380 }));
    assert_eq!(sent(&mut host), [[]; 0]);
    host.send_frame(&[0; 16379]).unwrap();
    let [longest] = sent(&mut host).try_into().unwrap();
    assert_eq!(longest[..2], [0xFF, 0x3F]);
}

#[derive(Clone, Debug)]
enum Owned {
    Filler,
    Frame(bool, Vec<u8>),
    Echo(bool, Vec<u8>),
    Hint(u8, u16),
    Reserved(bool, u8, u16),
}

impl Owned {
    fn packet(&self) -> Packet<'_> {
        match self {
            Owned::Filler => Packet::Filler,
            Owned::Frame(crc, frame) => Packet::Frame { check: if *crc { Check::Crc } else { Check::Sentinel }, frame },
            Owned::Echo(false, payload) => Packet::Echo(payload),
            Owned::Echo(true, payload) => Packet::EchoResponse(payload),
            Owned::Hint(hint, param) => {
                let all = [Hint::Suspend, Hint::Response, Hint::ResponseComplete, Hint::Tickle];
                Packet::Hint { hint: all[usize::from(*hint)], param: *param }
            }
            Owned::Reserved(bit, code, param) => {
                let bits = 0x8000 | u16::from(*bit) << 14 | u16::from(*code) << 11 | *param;
                Packet::Reserved(Header::from_octets(bits.to_le_bytes()))
            }
        }
    }
}

fn packet() -> impl Strategy<Value = Owned> {
    prop_oneof![
        Just(Owned::Filler),
        (any::<bool>(), prop::collection::vec(any::<u8>(), 14..1600)).prop_map(|(crc, frame)| Owned::Frame(crc, frame)),
        (any::<bool>(), prop::collection::vec(any::<u8>(), 0..=2047)).prop_map(|(answer, p)| Owned::Echo(answer, p)),
        (0..4_u8, 0..0x800_u16).prop_map(|(hint, param)| Owned::Hint(hint, param)),
        (0..8_u8, 0..0x800_u16).prop_map(|(code, param)| Owned::Reserved(true, code, param)),
        (6..8_u8, 0..0x800_u16).prop_map(|(code, param)| Owned::Reserved(false, code, param)),
    ]
}

proptest! {
    #[test]
    fn a_bundle_comes_back_as_it_went(bundle in prop::collection::vec(packet(), 0..12), mps in 8..=512_u16) {
        let packets_sent: Vec<_> = bundle.iter().map(Owned::packet).collect();
        let encoder = Encoder { max_packet_size: NonZeroU16::new(mps).unwrap() };
        let transfer = encoder.transfer(&packets_sent).unwrap();
        prop_assert!(transfer.is_empty() || !transfer.len().is_multiple_of(usize::from(mps)));
        let mut back: Vec<_> = packets(&transfer).map(Result::unwrap).collect();
        if back.len() > packets_sent.len() {
            prop_assert_eq!(back.pop(), Some(Packet::Filler));
        }
        prop_assert_eq!(back, packets_sent);
    }

    #[test]
    fn any_octets_are_read_to_their_end(transfer in prop::collection::vec(any::<u8>(), 0..4096), straddling: bool) {
        // Each takes an octet at least.
        prop_assert!(packets(&transfer).take(transfer.len() + 1).count() <= transfer.len());
        for role in [Role::Host, Role::Peripheral] {
            let mut endpoint = Endpoint::new(Settings { straddling, ..Settings::new(role, FULL_SPEED) });
            endpoint.receive(&transfer, |_| {});
            endpoint.receive(&transfer, |_| {});
            while let Some(answer) = endpoint.poll_transfer() {
                prop_assert!(packets(&answer).all(|packet| packet.is_ok()));
            }
        }
    }

    #[test]
    fn one_turned_bit_in_a_checked_frame_is_seen(frame in prop::collection::vec(any::<u8>(), 14..200), at: prop::sample::Index) {
        let mut transfer = Raw::frame(Check::Crc, &frame).octets();
        let bit = at.index(frame.len() * 8);
        transfer[2 + bit / 8] ^= 1 << (bit % 8);
        let seen: Vec<_> = packets(&transfer).collect();
        let is_wrong_crc = matches!(seen[0], Err(DecodeError { fault: Fault::WrongCrc { .. }, .. }));
        prop_assert!(is_wrong_crc);
    }
}
