//! The link against a hand that plays vpcd.

use super::super::VpcdSide;
use super::*;
use std::net::TcpListener;
use std::thread;

const ATR: [u8; 4] = [0x3B, 0x02, 0x14, 0x50];

fn config(listener: &TcpListener) -> VpcdConfig {
    VpcdConfig {
        address: listener.local_addr().unwrap().to_string(),
        appear: Duration::from_secs(5),
        atr_limit: Duration::from_millis(50),
        ..VpcdConfig::default()
    }
}

/// vpcd's end of the connection.
struct Reader(TcpStream);

impl Reader {
    fn say(&mut self, payload: &[u8]) {
        let mut out = Vec::new();
        Frames::wrap(payload, &mut out).unwrap();
        self.0.write_all(&out).unwrap();
    }

    fn hear(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut payload).unwrap();
        payload
    }
}

/// A link that has begun its session, and vpcd's end of it; the first question has been answered.
fn bench() -> (Vpcd, Reader, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let configured = config(&listener);
    let asking = thread::spawn(move || {
        let mut reader = Reader(listener.accept().unwrap().0);
        reader.say(&[4]);
        (reader, listener)
    });
    let mut link = Vpcd::open(configured).unwrap();
    let (mut reader, listener) = asking.join().unwrap();
    link.begin(&Opening { atr: ATR.to_vec() }).unwrap();
    assert_eq!(link.recv(Time::ZERO).unwrap(), None);
    assert_eq!(reader.hear(), ATR);
    (link, reader, listener)
}

fn soon(link: &Vpcd) -> Time {
    link.now() + Duration::from_secs(5)
}

fn next(link: &mut Vpcd) -> Option<Signal> {
    let until = soon(link);
    link.recv(until).unwrap()
}

#[test]
fn power_up_gives_the_atr_that_the_player_gave() {
    let (mut link, mut reader, _listener) = bench();
    reader.say(&[1]);
    reader.say(&[4]);
    assert_eq!(next(&mut link), Some(Signal::PowerOn));
    link.send(Signal::Atr(vec![0x3B, 0x00])).unwrap();
    assert_eq!(link.recv(Time::ZERO).unwrap(), None);
    assert_eq!(reader.hear(), [0x3B, 0x00]);
    reader.say(&[4]);
    reader.say(&[0x80, 0x12, 0, 0, 0x0B]);
    assert_eq!(next(&mut link), Some(Signal::Command(vec![0x80, 0x12, 0, 0, 0x0B])));
    assert_eq!(reader.hear(), [0x3B, 0x00]);
    link.send(Signal::Response(vec![0x90, 0x00])).unwrap();
    assert_eq!(reader.hear(), [0x90, 0x00]);
}

#[test]
fn an_atr_that_comes_late_still_answers_the_question() {
    let (mut link, mut reader, _listener) = bench();
    reader.say(&[2]);
    reader.say(&[4]);
    assert_eq!(next(&mut link), Some(Signal::Reset));
    let until = link.now() + Duration::from_millis(10);
    assert_eq!(link.recv(until).unwrap(), None);
    link.send(Signal::Atr(ATR.to_vec())).unwrap();
    assert_eq!(reader.hear(), ATR);
}

#[test]
fn a_card_without_an_atr_is_pulled_and_put_in_again() {
    let (mut link, mut reader, listener) = bench();
    reader.say(&[1]);
    reader.say(&[4]);
    assert_eq!(next(&mut link), Some(Signal::PowerOn));
    let pulled = thread::spawn(move || {
        assert_eq!(reader.0.read(&mut [0; 8]).unwrap(), 0);
        let mut reader = Reader(listener.accept().unwrap().0);
        reader.say(&[4]);
        assert_eq!(reader.hear(), ATR, "it is there, whether it answers a reset or not");
        reader.say(&[1]);
        reader
    });
    assert_eq!(next(&mut link), Some(Signal::PowerOn));
    drop(pulled.join().unwrap());
}

#[test]
fn a_late_response_does_not_answer_the_next_command() {
    let (mut link, mut reader, _listener) = bench();
    reader.say(&[0, 0xA4, 0, 4]);
    assert!(matches!(next(&mut link), Some(Signal::Command(_))));
    reader.say(&[2]);
    assert_eq!(next(&mut link), Some(Signal::Reset));
    link.send(Signal::Response(vec![0x6F, 0x00])).unwrap();
    link.send(Signal::Atr(ATR.to_vec())).unwrap();
    reader.say(&[4]);
    assert_eq!(link.recv(Time::ZERO).unwrap(), None);
    assert_eq!(reader.hear(), ATR);
}

#[test]
fn a_session_that_begins_over_an_unanswered_command_frees_the_reader() {
    let (mut link, mut reader, listener) = bench();
    reader.say(&[0, 0xA4, 0, 4]);
    assert!(matches!(next(&mut link), Some(Signal::Command(_))));
    link.begin(&Opening { atr: ATR.to_vec() }).unwrap();
    assert_eq!(reader.0.read(&mut [0; 8]).unwrap(), 0);
    let asking = thread::spawn(move || {
        let mut reader = Reader(listener.accept().unwrap().0);
        reader.say(&[1]);
        reader
    });
    let until = link.now() + OUT / 2;
    assert_eq!(link.recv(until).unwrap(), None, "it stays out for a while");
    assert_eq!(next(&mut link), Some(Signal::PowerOn));
    drop(asking.join().unwrap());
}

#[test]
fn the_end_of_vpcd_is_an_interruption_and_foreign_octets_are_not() {
    let (mut link, reader, _listener) = bench();
    drop(reader);
    let error = link.recv(Time::NEVER).unwrap_err();
    assert!(error.is_interruption() && error.to_string().contains("closed the connection"), "{error}");

    let (mut link, mut reader, _listener) = bench();
    reader.say(&[9]);
    let error = link.recv(Time::NEVER).unwrap_err();
    assert!(!error.is_interruption() && error.to_string().contains("09 is no control octet"), "{error}");
}

#[test]
fn another_thread_wakes_the_link() {
    let (mut link, _reader, _listener) = bench();
    let poster = link.poster().unwrap();
    let posting = thread::spawn(move || {
        poster.signal(Signal::Ended("done".into()));
        poster
    });
    assert_eq!(link.recv(Time::NEVER).unwrap(), Some(Signal::Ended("done".into())));
    let poster = posting.join().unwrap();
    poster.wake();
    assert_eq!(link.recv(Time::NEVER).unwrap(), None);
    poster.gone("the desk burns");
    let error = link.recv(Time::NEVER).unwrap_err();
    assert_eq!(error.to_string(), "the desk burns");
}

#[test]
fn what_does_not_appear_is_missing_within_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = VpcdConfig { appear: Duration::from_millis(40), ..config(&listener) };
    let error = Vpcd::open(silent.clone()).err().unwrap();
    assert!(error.to_string().contains("asks for no card"), "{error}");
    drop(listener);
    let error = Vpcd::open(silent.clone()).err().unwrap();
    assert!(error.to_string().starts_with("nothing listens on 127.0.0.1"), "{error}");
    let error = Vpcd::open(VpcdConfig { side: VpcdSide::Listen, ..silent }).err().unwrap();
    assert!(error.to_string().contains("did not connect"), "{error}");
    let nowhere = VpcdConfig { address: "nowhere".into(), ..VpcdConfig::default() };
    assert!(matches!(Vpcd::open(nowhere).err(), Some(LinkError::Address { .. })));
}

#[test]
fn vpcd_may_connect_to_us() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dialling = thread::spawn(move || {
        let config = VpcdConfig { address: port.to_string(), ..VpcdConfig::default() };
        let stream = Socket::Connects.connect(&config, Instant::now() + Duration::from_secs(5)).unwrap();
        let mut reader = Reader(stream);
        reader.say(&[4]);
        reader
    });
    let config = VpcdConfig { address: port.to_string(), side: VpcdSide::Listen, ..VpcdConfig::default() };
    let mut link = Vpcd::open(config).unwrap();
    let mut reader = dialling.join().unwrap();
    link.begin(&Opening { atr: ATR.to_vec() }).unwrap();
    assert_eq!(link.recv(Time::ZERO).unwrap(), None);
    assert_eq!(reader.hear(), ATR);
}
