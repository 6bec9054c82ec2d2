//! Sockets, programs, and the carrying of octets between them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dmsc_tls::{
    Client, ClientConfig, ContentType, Description, Established, Event, Failure, Handshake, Outgoing, Secret, Server,
    ServerConfig, Suite, Version,
};

pub(crate) const IDENTITY: &str = "terminal";
pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f";
pub(crate) const OTHER_KEY: &str = "ffffffffffffffffffffffffffffffff";
pub(crate) const VERSIONS: [Version; 3] = [Version::Tls10, Version::Tls11, Version::Tls12];

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn key() -> Secret {
    Secret::new(dmsc_octets::from_hex(KEY).unwrap())
}

pub(crate) fn client() -> ClientConfig {
    ClientConfig::new(IDENTITY.into(), key())
}

pub(crate) fn server() -> ServerConfig {
    ServerConfig::new(vec![(IDENTITY.into(), key())])
}

/// A program that is ended when the value is dropped.
pub(crate) struct Program(Child);

impl Program {
    pub(crate) fn start(command: &mut Command) -> Program {
        let command = command.env("OPENSSL_CONF", "/dev/null").stdin(Stdio::piped());
        Program(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program is installed"))
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.0.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// All that it wrote, once it has come to its end; it is told that nothing more is said to it.
    pub(crate) fn output(mut self) -> String {
        drop(self.0.stdin.take());
        let mut text = Vec::new();
        let _ = self.0.stdout.take().unwrap().read_to_end(&mut text);
        let _ = self.0.stderr.take().unwrap().read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Connects, as soon as somebody listens.
pub(crate) fn connect(port: u16) -> TcpStream {
    let began = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Accepts, within the time that things may take.
pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let began = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                return stream;
            }
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What this test needs of either end.
pub(crate) trait End {
    fn take(&mut self) -> Vec<u8>;
    fn give(&mut self, octets: &[u8]);
    fn over(&mut self);
    fn event(&mut self) -> Option<Event>;
}

macro_rules! end {
    ($name:ty) => {
        impl End for $name {
            fn take(&mut self) -> Vec<u8> {
                self.take_output()
            }
            fn give(&mut self, octets: &[u8]) {
                self.receive(octets);
            }
            fn over(&mut self) {
                self.end_of_input();
            }
            fn event(&mut self) -> Option<Event> {
                self.next_event()
            }
        }
    };
}
end!(Client);
end!(Server);

/// Carries octets until `wanted` has happened, or the connection is at its end; gives what happened.
pub(crate) fn carry(end: &mut impl End, stream: &mut TcpStream, wanted: impl Fn(&[Event]) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 4096];
    loop {
        // Who has turned away does not read any more.
        let _ = stream.write_all(&end.take());
        events.extend(std::iter::from_fn(|| end.event()));
        let over = matches!(events.last(), Some(Event::Closed(_) | Event::Failed(_)));
        if wanted(&events) || over {
            return events;
        }
        match stream.read(&mut buffer) {
            Ok(0) => end.over(),
            Ok(count) => end.give(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => end.over(),
            Err(error) => panic!("{error} after {events:?}"),
        }
    }
}

pub(crate) fn is_up(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Established(_)))
}

pub(crate) fn data(events: &[Event]) -> Vec<u8> {
    let data = events.iter().filter_map(|event| if let Event::Data(it) = event { Some(it.as_slice()) } else { None });
    data.collect::<Vec<_>>().concat()
}

/// The last handshake that has succeeded.
pub(crate) fn established(events: &[Event]) -> &Established {
    let found = events.iter().rev().find_map(|event| if let Event::Established(it) = event { Some(it) } else { None });
    found.unwrap_or_else(|| panic!("no handshake succeeded: {events:?}"))
}

pub(crate) fn failure(events: &[Event]) -> &Failure {
    let found = events.iter().find_map(|event| if let Event::Failed(it) = event { Some(it) } else { None });
    found.unwrap_or_else(|| panic!("it did not fail: {events:?}"))
}

/// The description of the fatal alert that the peer has sent.
pub(crate) fn peer_alert(events: &[Event]) -> Description {
    match &failure(events).cause {
        dmsc_tls::Cause::PeerAlert(alert) => alert.description,
        cause => panic!("{cause}"),
    }
}

/// A client of ours connects, says a line, and hears `answer`.
pub(crate) fn call(config: ClientConfig, port: u16, answer: &str) -> (Client, Vec<Event>) {
    let mut stream = connect(port);
    let mut client = Client::new(config, 7);
    let mut events = carry(&mut client, &mut stream, is_up);
    assert!(is_up(&events), "{events:?}");
    client.send(b"hello\n").unwrap();
    let heard = carry(&mut client, &mut stream, |events| data(events) == answer.as_bytes());
    assert_eq!(data(&heard), answer.as_bytes());
    client.close();
    events.extend(carry(&mut client, &mut stream, |_| false));
    assert!(matches!(events.last(), Some(Event::Closed(_))), "{events:?}");
    (client, events)
}

/// A client of ours connects and is heard to the end, or until it is up.
pub(crate) fn refused(config: ClientConfig, port: u16) -> Vec<Event> {
    carry(&mut Client::new(config, 7), &mut connect(port), is_up)
}

/// A server of ours is spoken to by a program that says a line, and answers it.
pub(crate) fn answer(
    config: ServerConfig,
    seed: u64,
    listener: &TcpListener,
    program: &mut Program,
) -> (Server, Vec<Event>) {
    let mut stream = accept(listener);
    let mut server = Server::new(config, seed);
    let events = carry(&mut server, &mut stream, is_up);
    assert!(is_up(&events), "{events:?}");
    program.say("hello\n");
    let heard = carry(&mut server, &mut stream, |events| data(events).ends_with(b"\n"));
    assert!(data(&heard).starts_with(b"hello"), "{heard:?}");
    server.send(b"answered\n").unwrap();
    server.close();
    stream.write_all(&server.take_output()).unwrap();
    (server, events)
}

/// Versions, suites, and whether encrypt_then_mac and extended_master_secret are to be had.
pub(crate) fn matrix(suites: &[Suite]) -> Vec<(Version, Suite, bool)> {
    let versions = VERSIONS.into_iter();
    versions
        .flat_map(|version| suites.iter().flat_map(move |suite| [(version, *suite, true), (version, *suite, false)]))
        .collect()
}

pub(crate) fn with<T>(mut config: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut config);
    config
}

/// A client of ours is up, does something that it must not, and hears of it; gives what is heard.
pub(crate) fn misbehave(config: ClientConfig, port: u16, deed: impl FnOnce(&mut Client)) -> Vec<Event> {
    let mut stream = connect(port);
    let mut client = Client::new(config, 7);
    let events = carry(&mut client, &mut stream, is_up);
    assert!(is_up(&events), "{events:?}");
    deed(&mut client);
    carry(&mut client, &mut stream, |_| false)
}

/// Padding, and a MAC unless it comes after, that are wrong in a record of data.
pub(crate) fn misaltered(back: usize, encrypt_then_mac: bool) -> ClientConfig {
    with(client(), |config| {
        config.common.encrypt_then_mac = encrypt_then_mac;
        config.common.alter = Some(Box::new(move |outgoing: Outgoing<'_>| {
            if let Outgoing::Block { content: ContentType::ApplicationData, octets } = outgoing {
                let at = octets.len() - back;
                octets[at] ^= 0x40;
            }
        }));
    })
}

/// What a peer says to each wrong thing that a client does once it is up.
pub(crate) fn misdeeds(port: u16, encrypt_then_mac: bool) -> Vec<Description> {
    let plain = |deed: fn(&mut Client)| peer_alert(&misbehave(client(), port, deed));
    let mut heard: Vec<Description> = Vec::new();
    for back in [1, 2, 8] {
        heard.push(peer_alert(&misbehave(misaltered(back, encrypt_then_mac), port, |client| {
            client.send(b"1234").unwrap()
        })));
    }
    heard.push(plain(|client| client.send_record(ContentType::ApplicationData, &[0; 16_385])));
    heard.push(plain(|client| {
        client.send_handshake(&Handshake::ClientKeyExchange { identity: vec![] }).unwrap();
    }));
    heard
}
