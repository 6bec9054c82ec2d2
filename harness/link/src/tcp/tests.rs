//! A link over TCP, with shell scripts as the DUT.

use super::*;

fn soon(tcp: &Tcp) -> Time {
    tcp.now() + Duration::from_secs(10)
}

fn next(tcp: &mut Tcp) -> Option<Signal> {
    let until = soon(tcp);
    tcp.recv(until).unwrap()
}

fn shell(script: &str) -> Option<Command> {
    Some(Command::new(vec!["sh".into(), "-c".into(), script.into()]))
}

#[test]
fn a_stream_from_the_dut_is_carried_both_ways() {
    let mut tcp = Tcp::open(TcpConfig { listen: Some("127.0.0.1:0".into()), ..TcpConfig::default() }).unwrap();
    let mut client = TcpStream::connect(tcp.address().unwrap()).unwrap();
    client.write_all(b"ping").unwrap();
    assert_eq!(next(&mut tcp), Some(Signal::Connect(1)));
    assert_eq!(next(&mut tcp), Some(Signal::Data(1, b"ping".to_vec())));
    tcp.send(Signal::Data(1, b"pong".to_vec())).unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"pong");
    drop(client);
    assert_eq!(next(&mut tcp), Some(Signal::Close(1)));
}

#[test]
fn a_notification_goes_to_standard_input_or_into_an_argument() {
    for script in ["test \"$(od -An -tx1 | tr -d ' \\n')\" = 00ff", "test {package0} = 00FF"] {
        let mut tcp = Tcp::open(TcpConfig { notify: shell(script), ..TcpConfig::default() }).unwrap();
        tcp.send(Signal::Notify(vec![0, 0xFF])).unwrap();
        assert_eq!(next(&mut tcp), Some(Signal::Notified), "{script}");
    }
}

#[test]
fn a_command_that_fails_says_why() {
    let notify = shell("echo no such account >&2; exit 3");
    let mut tcp = Tcp::open(TcpConfig { notify, ..TcpConfig::default() }).unwrap();
    tcp.send(Signal::Notify(vec![1])).unwrap();
    let Some(Signal::Ended(why)) = next(&mut tcp) else { panic!("no end") };
    assert!(why.contains("exit status: 3") && why.contains("no such account"), "{why}");
}

/// What there is to tell after a notification was handed to this script.
fn told(script: &str) -> (Option<Signal>, LastWords) {
    let mut tcp = Tcp::open(TcpConfig { notify: shell(script), ..TcpConfig::default() }).unwrap();
    tcp.send(Signal::Notify(vec![1])).unwrap();
    (next(&mut tcp), tcp.last_words())
}

#[test]
fn what_a_command_wrote_is_told_also_when_it_ended_well() {
    let (signal, words) = told("echo warning: old key >&2");
    assert_eq!((signal, words.killed), (Some(Signal::Notified), false));
    let expected =
        "`sh -c echo warning: old key >&2` ended with exit status: 0; it wrote to standard error: warning: old key";
    assert_eq!(words.told, [expected]);
    assert_eq!(told("true").1, LastWords::default());
}

#[cfg(unix)]
#[test]
fn death_by_a_signal_is_told_with_its_name() {
    let (signal, words) = told("echo lost >&2; kill -SEGV $$");
    let Some(Signal::Ended(why)) = signal else { panic!("no end") };
    assert!(why.contains("(SIGSEGV)") && why.ends_with(": lost"), "{why}");
    assert!(words.killed);
    assert!(!told("exit 3").1.killed);
}

#[test]
fn a_command_that_wrote_nothing_is_not_followed_by_a_colon() {
    let Some(Signal::Ended(why)) = told("exit 3").0 else { panic!("no end") };
    assert!(why.ends_with("ended with exit status: 3"), "{why}");
}

#[test]
fn a_wake_up_that_prints_without_end_is_told_as_soon_as_that_is_known() {
    let mut tcp = Tcp::open(TcpConfig { wake: shell("exec cat /dev/zero"), ..TcpConfig::default() }).unwrap();
    tcp.send(Signal::Wake).unwrap();
    let Some(Signal::Ended(why)) = next(&mut tcp) else { panic!("no end") };
    assert!(why.contains("printed more than 262144 octets"), "{why}");
    assert_eq!(tcp.last_words(), LastWords::default());
}

#[cfg(unix)]
#[test]
fn a_server_that_ends_before_it_is_ready_says_how() {
    let open = |script: &str| {
        let config = TcpConfig { start: shell(script), ready: Some("up".into()), ..TcpConfig::default() };
        Tcp::open(config).err().unwrap().to_string()
    };
    let error = open("echo address in use >&2; exit 5");
    assert!(
        error.contains("before the line named by `ready` came, it ended with exit status: 5: address in use"),
        "{error}"
    );
}

#[test]
fn a_woken_server_hands_out_its_notification() {
    let mut tcp = Tcp::open(TcpConfig { wake: shell("echo 02 D8"), ..TcpConfig::default() }).unwrap();
    tcp.send(Signal::Wake).unwrap();
    assert_eq!(next(&mut tcp), Some(Signal::Notify(vec![0x02, 0xD8])));
    assert_eq!(next(&mut tcp), Some(Signal::Notified));
}

#[test]
fn a_process_that_does_not_end_is_ended_with_the_session() {
    for script in ["exec 2>&-; sleep 543", "sleep 543; true"] {
        let mut tcp = Tcp::open(TcpConfig { notify: shell(script), ..TcpConfig::default() }).unwrap();
        tcp.send(Signal::Notify(vec![1])).unwrap();
        let process = Arc::clone(&tcp.processes[0].process);
        drop(tcp);
        assert!(process.status().unwrap().is_some(), "{script}");
    }
}

#[test]
fn a_refused_connection_is_a_signal_and_a_missing_program_an_error() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut tcp = Tcp::open(TcpConfig { connect: Some(free.to_string()), ..TcpConfig::default() }).unwrap();
    tcp.send(Signal::Connect(7)).unwrap();
    assert!(matches!(next(&mut tcp), Some(Signal::Refused(7, _))));

    let start = Some(Command::new(vec!["./no-such-dut".into()]));
    let error = Tcp::open(TcpConfig { start, ..TcpConfig::default() }).err().unwrap();
    assert!(error.to_string().starts_with("cannot start `./no-such-dut`"), "{error}");
}
