//! `dmsc bootstrap`: the account of a DUT file for a device, and what others have written.

#![allow(clippy::unwrap_used, clippy::panic)] // A test stops at what it does not expect.

mod common;

use common::{Scratch, dmsc, shown};

const IMSI: &str = "001010000000001";

#[test]
fn an_account_is_written_to_be_read() {
    insta::assert_snapshot!(shown(&["bootstrap", "write"]));
    insta::assert_snapshot!(shown(&["bootstrap", "write", "--as", "sms", "--imsi", IMSI, "--to", "+15557654321"]));
    insta::assert_snapshot!(shown(&["bootstrap", "write", "--as", "card"]));
    insta::assert_snapshot!(shown(&["bootstrap", "write", "--as", "object"]));
    insta::assert_snapshot!(shown(&["bootstrap", "write", "--profile", "dm"]));
}

#[test]
fn what_was_written_is_read_again() {
    let folder = Scratch::new();
    let file = folder.path("account");
    for form in ["xml", "wbxml", "push", "sms"] {
        let ran = dmsc(&["bootstrap", "write", "--as", form, "-o", &file]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{form}: {}", ran.err);
        let read = dmsc(&["bootstrap", "read", "--json", &file]);
        let found: serde_json::Value = serde_json::from_str(&read.out).unwrap();
        let account = &found["accounts"][0];
        assert_eq!(account["server_id"], "dmsc.example.com", "{form}");
        assert_eq!(account["credentials"][1]["secret"], "(secret)", "{form}");
        assert!(!read.out.contains("s3cr3t"), "{form}");
    }
    for form in ["xml", "wbxml", "push", "sms"] {
        let write =
            ["bootstrap", "write", "--profile", "dm", "--device", "IMEI:004999010640000", "--as", form, "-o", &file];
        let ran = dmsc(&write);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{form}: {}", ran.err);
        let read = dmsc(&["bootstrap", "read", "--json", &file]);
        let found: serde_json::Value = serde_json::from_str(&read.out).unwrap();
        assert_eq!(found["accounts"][0]["server_id"], "dmsc.example.com", "{form}");
        assert_eq!(found["accounts"][0]["preferred"], "DIGEST", "{form}");
        assert!(!read.out.contains("s3cr3t"), "{form}");
    }
    dmsc(&["bootstrap", "write", "--as", "object", "-o", &file]);
    insta::assert_snapshot!(dmsc(&["bootstrap", "read", &file]).out);
    dmsc(&["bootstrap", "write", "--as", "sms", "-o", &file]);
    let shown = dmsc(&["bootstrap", "read", "--secrets", &file]);
    assert!(shown.out.contains("SRVCRED, DIGEST, name dmsc.example.com, secret s3cr3t-P@ss"), "{}", shown.out);
}

#[test]
fn a_mac_is_checked_with_the_keys() {
    let folder = Scratch::new();
    let file = folder.path("push");
    dmsc(&["bootstrap", "write", "--as", "push", "--imsi", IMSI, "--pin", "1234", "-o", &file]);
    let read = |keys: &[&str]| {
        let ran = dmsc(&[&["bootstrap", "read"], keys, &[&file]].concat());
        let line = ran.out.lines().find(|line| line.contains(" MAC ")).unwrap_or_default().trim().to_owned();
        (ran.code, line)
    };
    assert_eq!(read(&["--imsi", IMSI, "--pin", "1234"]), (0, "MAC       right".into()));
    assert_eq!(read(&["--imsi", IMSI, "--pin", "1235"]), (1, "MAC       wrong: the keys given make another".into()));
    assert_eq!(read(&["--imsi", IMSI]), (0, "MAC       not checked; give --imsi and --pin".into()));
}

#[test]
fn an_account_is_shown_with_what_is_wrong_with_it() {
    let folder = Scratch::new();
    let file = folder.path("vendor.xml");
    let document = r#"<wap-provisioningdoc version="1.1">
      <characteristic type="NAPDEF"><parm name="NAPID" value="nap1"/><parm name="INTERNET"/></characteristic>
      <characteristic type="APPLICATION"><parm name="APPID" value="w7"/><parm name="TO-NAPID" value="nap1"/>
        <characteristic type="APPAUTH"><parm name="AAUTHLEVEL" value="CLIENT"/><parm name="AAUTHSECRET" value="hush"/>
          <parm name="AAUTHDATA" value="!"/></characteristic></characteristic>
    </wap-provisioningdoc>"#;
    std::fs::write(&file, document).unwrap();
    insta::assert_snapshot!(dmsc(&["bootstrap", "read", &file]).out);
}

#[test]
fn wrong_input_ends_in_what_to_try() {
    let folder = Scratch::new();
    let file = folder.path("file");
    let refused = |octets: &[u8]| {
        std::fs::write(&file, octets).unwrap();
        shown(&["bootstrap", "read", &file]).replace(&file, "FILE")
    };
    insta::assert_snapshot!(refused(b"03046A0045"));
    insta::assert_snapshot!(refused(&[0x03, 0x0B, 0x6A, 0x00, 0x45, 0xC6]));
    insta::assert_snapshot!(refused(b"<wap-provisioningdoc>\n  <char/>"));
    insta::assert_snapshot!(refused(b"440B915155214365F700F5101010000000000B05040B8423F000030103010106"));
    insta::assert_snapshot!(refused(b"010603C4AF8700"));
    insta::assert_snapshot!(shown(&["bootstrap", "write", "--imsi", "12"]));
    insta::assert_snapshot!(shown(&["bootstrap", "write", "--imsi", IMSI]));
    let dut = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/duts/minimal-handset.yaml");
    let without = shown(&["bootstrap", "write", "--dut", dut, "--account", "other"]);
    insta::assert_snapshot!(without.replace(dut, "DUT"));
    insta::assert_snapshot!(shown(&["bootstrap", "write", "--as", "sms", "--to", "abc"]));
    insta::assert_snapshot!(shown(&["bootstrap", "read", "none"]));
}
