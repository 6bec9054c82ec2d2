use super::*;
use crate::choice::Choices;
use crate::messages::Digest;
use crate::trigger_form::TriggerForm;

fn account() -> Account {
    Account {
        server_id: "dmsc.example.com".into(),
        address: "http://127.0.0.1:3516/OMA/DM".into(),
        auth_name: None,
        server_secret: "s3cr3t-P@ss".into(),
        server_nonce: vec![1; 16],
        server_auth: AuthScheme::Md5,
        client_name: "client1".into(),
        client_secret: "pwd-C".into(),
        client_nonce: vec![2; 16],
        client_auth: AuthScheme::Md5,
        psk: crate::account::Psk::default(),
        certificates: crate::account::Certificates::default(),
        form: TriggerForm::default(),
    }
}

fn server(program: Vec<Vec<Command>>) -> DmServer {
    DmServer::new(account(), program, Choices::default(), Switches::default(), 1)
}

/// A message of the client, whose first command is a Status for the server's header unless it opens the session.
fn message(number: u32, cred_over: &[u8], commands: Vec<Command>) -> Message {
    let header = SyncHdr {
        session_id: "1".into(),
        msg_id: number.to_string().into(),
        cred: account().client_cred(cred_over),
        ..SyncHdr::default()
    };
    Message { header, commands, is_final: true }
}

fn answer(server: &mut DmServer, request: &Message) -> Message {
    match server.respond(request, &Directive::default()).unwrap() {
        Answer::Message(answer) | Answer::Repeated(answer) => *answer,
    }
}

fn codes(message: &Message) -> Vec<u16> {
    message.commands.iter().filter_map(|command| Some(command.status_code()?.code())).collect()
}

#[test]
fn nonces_are_set_anew_after_notifications_without_sessions() {
    let mut server = server(Vec::new());
    for expected in [Digest::Valid, Digest::Valid, Digest::DefaultNonce, Digest::DefaultNonce] {
        assert_eq!(server.next_digest(), expected);
        server.trigger();
        server.signed_by(expected);
    }
    server.announce(1);
    let first = answer(&mut server, &message(1, &DEFAULT_NONCE, vec![alert("1200")]));
    assert_eq!(codes(&first), [212, 200]);
    assert_ne!(server.account.client_nonce, [2; 16]);
    assert_eq!(first.header.cred, account().server_cred(&DEFAULT_NONCE));
    // Only the client's nonce ends it.
    assert_eq!(server.next_digest(), Digest::DefaultNonce);
    let mut accepted = status(&first, None, 212);
    accepted.chal = Some(Box::new(dmsc_dm::syncml::Chal::new(dmsc_dm::auth::AuthType::Md5, &[7; 16])));
    answer(&mut server, &message(2, &[], vec![accepted]));
    assert_eq!((server.next_digest(), &*server.account.server_nonce), (Digest::Valid, &[7; 16][..]));
}

#[test]
fn the_nonce_of_a_message_left_unanswered_is_kept() {
    let mut server = server(Vec::new());
    let first = answer(&mut server, &message(1, &[2; 16], vec![alert("1200")]));
    let mut accepted = status(&first, None, 212);
    accepted.chal = Some(Box::new(dmsc_dm::syncml::Chal::new(dmsc_dm::auth::AuthType::Md5, &[7; 16])));
    server.leave(&message(2, &[], vec![accepted]));
    assert_eq!(server.account.server_nonce, [7; 16]);
}

#[test]
fn nobody_comes_by_the_default_nonce_unasked() {
    let mut server = server(Vec::new());
    server.trigger();
    assert_eq!(codes(&answer(&mut server, &message(1, &DEFAULT_NONCE, vec![alert("1200")]))), [401, 401]);
}

#[test]
fn an_abort_has_a_status_for_each_command() {
    let mut server = server(vec![vec![Command::new(CommandName::Get, "")], vec![Command::new(CommandName::Get, "")]]);
    answer(&mut server, &message(1, &[2; 16], vec![alert("1200")]));
    server.abort();
    let last = answer(&mut server, &message(2, &[], vec![alert("1224"), alert("1226")]));
    assert_eq!(codes(&last), [200, 200, 200]);
    assert_eq!(last.commands.last().unwrap().alert_code().unwrap().code(), 1223);
    assert!(last.is_final && server.is_over());
}

#[test]
fn a_mac_is_that_of_its_message() {
    let mut server = server(vec![vec![Command::new(CommandName::Get, "")]]);
    server.account.client_auth = AuthScheme::Mac;
    let body = b"<SyncML xmlns='SYNCML:SYNCML1.2'></SyncML>";
    let value = server.account.client_mac(&[2; 16], body).unwrap();
    server.mac = server.judge_request(Some(&value), body, None);
    assert_eq!(server.mac, "valid");
    let first = answer(&mut server, &message(1, &[], vec![alert("1200")]));
    assert_eq!(codes(&first), [200, 200]);
    // The nonce has changed, and the value with it.
    assert_eq!(server.judge_request(Some(&value), body, None), "wrong");
    server.mac = "none";
    assert_eq!(codes(&answer(&mut server, &message(2, &[], Vec::new()))), [407]);
}
