//! Provisioning on a card, as a terminal comes to it.

use dmsc_provision::smart_card::{AID, Kind, directories, documents};
use dmsc_uicc::fs::DirRecord;

use super::*;

/// Reads all of a transparent file that is in the current directory.
fn content(files: &mut Files, id: &[u8]) -> Vec<u8> {
    let selected = send(files, &format!("00A4000C02{}", to_hex(id)));
    assert_eq!(selected, "9000", "{id:02X?}");
    let read = send(files, "00B0000000");
    // All that there is, or as much as is there.
    let read = match read.strip_prefix("6C") {
        Some(length) => send(files, &format!("00B00000{length}")),
        None => read,
    };
    from_hex(read.strip_suffix("9000").unwrap()).unwrap()
}

#[test]
fn a_terminal_finds_the_documents_by_application_and_by_path() {
    let card = read(REFERENCE).provisioned(&[(Kind::ClientProvisioning, vec![0x01; 40])]);
    // Once more takes the place of the first.
    let card = card.provisioned(&[(Kind::ClientProvisioning, vec![0x03, 0x0B]), (Kind::DeviceManagement, vec![0x02])]);
    for select in [format!("00A4040C0C{}", to_hex(&AID)), "00A4080C027F50".into()] {
        let mut files = Files::new(card.clone());
        assert_eq!(send(&mut files, &select), "9000", "{select}");
        let odf = content(&mut files, &[0x50, 0x31]);
        let [dodf] = &directories(&odf).unwrap()[..] else { panic!("one directory") };
        let dodf = content(&mut files, dodf);
        let (kinds, paths): (Vec<Kind>, Vec<Vec<u8>>) = documents(&dodf).unwrap().into_iter().unzip();
        assert_eq!(kinds, [Kind::ClientProvisioning, Kind::DeviceManagement]);
        let found: Vec<Vec<u8>> = paths.iter().map(|path| content(&mut files, path)).collect();
        assert_eq!(found, [vec![0x03, 0x0B], vec![0x02]]);
    }
}

#[test]
fn the_directory_of_applications_names_it_beside_the_others() {
    let mut files = Files::new(read(REFERENCE).provisioned(&[(Kind::ClientProvisioning, vec![0x01])]));
    assert_eq!(send(&mut files, "00A4000C022F00"), "9000");
    let record = |files: &mut Files, number: u8| {
        let read = send(files, &format!("00B2{number:02X}0426"));
        let octets = from_hex(read.strip_suffix("9000")?).unwrap();
        Some(DirRecord::parse(&octets).unwrap().aid)
    };
    let usim = record(&mut files, 1).unwrap();
    assert_eq!(usim.get(..7), Some(&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02][..]));
    assert_eq!(record(&mut files, 2), Some(AID.to_vec()));
    assert_eq!(record(&mut files, 3), None);
}

#[test]
fn what_holds_secrets_asks_for_the_pin() {
    let mut files = Files::new(read(PIN).provisioned(&[(Kind::ClientProvisioning, vec![0x01])]));
    assert_eq!(send(&mut files, &format!("00A4040C0C{}", to_hex(&AID))), "9000");
    assert_eq!(content(&mut files, &[0x50, 0x31]), from_hex("A706300404026430").unwrap());
    assert_eq!(send(&mut files, "00A4000C026431"), "9000");
    assert_eq!(send(&mut files, "00B0000001"), "6982");
    assert_eq!(send(&mut files, PIN1), "9000");
    assert_eq!(send(&mut files, "00B0000001"), "019000");
    // A PIN does not make it writable.
    assert_eq!(send(&mut files, "00D600000102"), "6982");
}
