//! A protocol to move many octets: `S` or `R` and a length of eight octets; the other side sends as many, or receives
//! as many and answers with one.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use dmsc_link::{Link, Signal, StreamId};

use super::serving::PAGE;

pub(crate) const READY: &str = "ready to be connected";

pub(crate) const PORT: u16 = 8080;

const LIMIT: Duration = Duration::from_secs(120);

const DONE: u8 = b'k';

/// How much crossed in which time.
pub(crate) struct Rate {
    octets: usize,
    took: Duration,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} MB/s", self.octets as f64 / self.took.as_secs_f64() / 1e6)
    }
}

fn order(kind: u8, octets: usize) -> Vec<u8> {
    let mut order = vec![kind];
    order.extend((octets as u64).to_be_bytes());
    order
}

fn pattern(at: usize) -> u8 {
    (at ^ at >> 8 ^ at >> 16) as u8
}

pub(crate) fn next(link: &mut impl Link) -> Signal {
    let until = link.now() + LIMIT;
    link.recv(until).unwrap().expect("nothing came")
}

pub(crate) fn connect(link: &mut impl Link, stream: StreamId) {
    link.send(Signal::Connect(stream)).unwrap();
    assert_eq!(next(link), Signal::Connected(stream));
}

pub(crate) fn download(link: &mut impl Link, stream: StreamId, octets: usize) -> Rate {
    order_download(link, stream, octets);
    let (rate, others) = gather(link, stream, octets);
    assert_eq!(others, []);
    rate
}

pub(crate) fn order_download(link: &mut impl Link, stream: StreamId, octets: usize) {
    link.send(Signal::Data(stream, order(b'S', octets))).unwrap();
}

/// What was ordered, and what came between.
pub(crate) fn gather(link: &mut impl Link, stream: StreamId, octets: usize) -> (Rate, Vec<Signal>) {
    let began = Instant::now();
    let (mut at, mut others) = (0, Vec::new());
    while at < octets {
        match next(link) {
            Signal::Data(id, data) if id == stream => {
                assert!(data.iter().enumerate().all(|(n, octet)| *octet == pattern(at + n)));
                at += data.len();
            }
            Signal::Close(_) => panic!("the stream ended after {at} octets"),
            other => others.push(other),
        }
    }
    assert_eq!(at, octets);
    (Rate { octets, took: began.elapsed() }, others)
}

pub(crate) fn upload(link: &mut impl Link, stream: StreamId, octets: usize) -> Rate {
    let began = Instant::now();
    link.send(Signal::Data(stream, order(b'R', octets))).unwrap();
    link.send(Signal::Data(stream, (0..octets).map(pattern).collect())).unwrap();
    assert_eq!(next(link), Signal::Data(stream, vec![DONE]));
    Rate { octets, took: began.elapsed() }
}

/// Connects; an address that the other side does not have yet is tried again.
fn reach(address: SocketAddr) -> TcpStream {
    let end = Instant::now() + LIMIT;
    loop {
        match TcpStream::connect_timeout(&address, LIMIT) {
            Ok(stream) => return stream,
            // The kernel has asked for the address for three seconds then.
            Err(error) if error.kind() == ErrorKind::HostUnreachable && Instant::now() < end => {}
            Err(error) => panic!("{address}: {error}"),
        }
    }
}

/// Both directions over the kernel's own sockets.
pub(crate) fn over_sockets(address: SocketAddr, octets: usize) -> (Rate, Rate) {
    let mut stream = reach(address);
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 256 * 1024];
    let (mut at, began) = (0, Instant::now());
    stream.write_all(&order(b'S', octets)).unwrap();
    while at < octets {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0 && buffer[..read].iter().enumerate().all(|(n, octet)| *octet == pattern(at + n)));
        at += read;
    }
    let down = Rate { octets, took: began.elapsed() };
    let data: Vec<u8> = (0..octets).map(pattern).collect();
    let began = Instant::now();
    stream.write_all(&order(b'R', octets)).unwrap();
    stream.write_all(&data).unwrap();
    stream.read_exact(&mut buffer[..1]).unwrap();
    (down, Rate { octets, took: began.elapsed() })
}

/// Serves for ever over the kernel's sockets, and says when it begins.
pub(crate) fn serve(listener: &TcpListener) {
    println!("{READY}");
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        // A stream that is reset is over, and no failure here.
        std::thread::spawn(move || serve_one(stream));
    }
}

fn serve_one(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut order = [0; 9];
    let mut buffer = vec![0; 256 * 1024];
    loop {
        stream.read_exact(&mut order)?;
        let octets = u64::from_be_bytes(order[1..].try_into().unwrap()) as usize;
        match order[0] {
            b'S' => stream.write_all(&(0..octets).map(pattern).collect::<Vec<_>>())?,
            _ => {
                let mut at = 0;
                while at < octets {
                    let most = buffer.len().min(octets - at);
                    let read = stream.read(&mut buffer[..most])?;
                    if read == 0 {
                        return Ok(());
                    }
                    assert!(buffer[..read].iter().enumerate().all(|(n, octet)| *octet == pattern(at + n)));
                    at += read;
                }
                stream.write_all(&[DONE])?;
            }
        }
    }
}

/// What came on one stream that this side serves.
#[derive(Default)]
pub(crate) struct Served {
    waiting: Vec<u8>,
    /// Octets that are still to come, and how many came, once an order to receive was read.
    receiving: Option<(usize, usize)>,
}

impl Served {
    /// Takes what came, and gives what goes.
    pub(crate) fn take(&mut self, data: &[u8]) -> Vec<u8> {
        self.waiting.extend_from_slice(data);
        let mut answers = Vec::new();
        loop {
            if let Some((left, at)) = self.receiving {
                let some = left.min(self.waiting.len());
                let taken: Vec<u8> = self.waiting.drain(..some).collect();
                assert!(taken.iter().enumerate().all(|(n, octet)| *octet == pattern(at + n)));
                self.receiving = Some((left - some, at + some));
                if left > some {
                    return answers;
                }
                self.receiving = None;
                answers.push(DONE);
            }
            if self.waiting.starts_with(b"GET ") {
                // One who asks in HTTP gets a page.
                if self.waiting.ends_with(b"\r\n\r\n") {
                    self.waiting.clear();
                    answers.extend(
                        format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{PAGE}", PAGE.len()).into_bytes(),
                    );
                }
                return answers;
            }
            if self.waiting.len() < 9 {
                return answers;
            }
            let order: Vec<u8> = self.waiting.drain(..9).collect();
            let octets = u64::from_be_bytes(order[1..].try_into().unwrap()) as usize;
            match order[0] {
                b'S' => answers.extend((0..octets).map(pattern)),
                _ => self.receiving = Some((octets, 0)),
            }
        }
    }
}
