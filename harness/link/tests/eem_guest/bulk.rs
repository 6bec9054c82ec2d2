//! A protocol to move many octets: `S` or `R` and a length of eight octets; the other side sends as many, or receives
//! as many and answers with one.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use dmsc_link::{Link, Signal, StreamId};

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
    let began = Instant::now();
    link.send(Signal::Data(stream, order(b'S', octets))).unwrap();
    let mut at = 0;
    while at < octets {
        let Signal::Data(id, data) = next(link) else { panic!("the stream ended after {at} octets") };
        assert!(id == stream && data.iter().enumerate().all(|(n, octet)| *octet == pattern(at + n)));
        at += data.len();
    }
    assert_eq!(at, octets);
    Rate { octets, took: began.elapsed() }
}

pub(crate) fn upload(link: &mut impl Link, stream: StreamId, octets: usize) -> Rate {
    let began = Instant::now();
    link.send(Signal::Data(stream, order(b'R', octets))).unwrap();
    link.send(Signal::Data(stream, (0..octets).map(pattern).collect())).unwrap();
    assert_eq!(next(link), Signal::Data(stream, vec![DONE]));
    Rate { octets, took: began.elapsed() }
}

/// Both directions over the kernel's own sockets.
pub(crate) fn over_sockets(address: SocketAddr, octets: usize) -> (Rate, Rate) {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).unwrap();
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
