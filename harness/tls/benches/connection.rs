//! Handshakes, and data through a connection by size, in both suites.
//!
//! `cargo bench -p dmsc-tls`. The times of one size to the next show whether the growth is linear.

use divan::Bencher;
use divan::counter::BytesCount;
use dmsc_tls::{Client, ClientConfig, Secret, Server, ServerConfig, Suite};

/// Octets of application data.
const SIZES: [usize; 3] = [100, 10_000, 1_000_000];

fn main() {
    divan::main();
}

/// Both ends of a connection that is up.
fn connected(suite: Suite) -> (Client, Server) {
    let key = Secret::new(vec![0x0B; 16]);
    let mut config = ClientConfig::new(b"terminal".to_vec(), key.clone());
    config.common.suites = vec![suite];
    let mut client = Client::new(config, 1);
    let mut server = Server::new(ServerConfig::new(vec![(b"terminal".to_vec(), key)]), 2);
    for _ in 0..2 {
        server.receive(&client.take_output());
        client.receive(&server.take_output());
    }
    (client, server)
}

fn carry(bencher: Bencher<'_, '_>, suite: Suite, size: usize) {
    let data = vec![0x55; size];
    bencher.counter(BytesCount::new(size)).with_inputs(|| connected(suite)).bench_values(|(mut client, mut server)| {
        let sent = client.send(&data);
        server.receive(&client.take_output());
        (sent, std::iter::from_fn(|| server.next_event()).count())
    });
}

#[divan::bench]
fn handshake_aes() -> (Client, Server) {
    connected(Suite::PskAes128CbcSha)
}

#[divan::bench(args = SIZES)]
fn data_aes(bencher: Bencher<'_, '_>, size: usize) {
    carry(bencher, Suite::PskAes128CbcSha, size);
}

#[divan::bench(args = SIZES)]
fn data_triple_des(bencher: Bencher<'_, '_>, size: usize) {
    carry(bencher, Suite::Psk3DesEdeCbcSha, size);
}
