use proptest::prelude::*;

use super::*;
use crate::keys::key_block;

const DATA: ContentType = ContentType::ApplicationData;

fn pair(version: Version, cipher: Cipher, encrypt_then_mac: bool) -> (Protection, Protection) {
    let (keys, _) = key_block(version, cipher, &Secret::new(vec![7; 48]), &[1; 32], &[2; 32]);
    let one = Protection::new(version, cipher, encrypt_then_mac, keys);
    (one.clone(), one)
}

fn seal(from: &mut Protection, text: &[u8]) -> Vec<u8> {
    from.seal(DATA, text, 0, &[5; 16], |_| {}).unwrap()
}

fn all() -> impl Iterator<Item = (Version, Cipher, bool)> {
    [Version::Tls10, Version::Tls11, Version::Tls12].into_iter().flat_map(|version| {
        [Cipher::TripleDes, Cipher::Aes128]
            .into_iter()
            .flat_map(move |cipher| [false, true].map(|etm| (version, cipher, etm)))
    })
}

#[test]
fn lengths_are_those_of_the_standard() {
    // 5 octets and a MAC make 25, padded to 32, after an IV of 16 from TLS 1.1 on.
    let length = |version, etm| seal(&mut pair(version, Cipher::Aes128, etm).0, b"hello").len();
    assert_eq!(length(Version::Tls10, false), 32);
    assert_eq!(length(Version::Tls11, false), 48);
    // One block, an IV and a MAC.
    assert_eq!(length(Version::Tls12, true), 16 + 16 + 20);
    let mut one = pair(Version::Tls10, Cipher::Aes128, false).0;
    assert_eq!(one.seal(DATA, b"hello", 1, &[0; 16], |_| {}).unwrap().len(), 48);
    // The most that one octet can say: 7 + 240 = 247, and the length itself.
    assert_eq!(one.seal(DATA, b"hello", 999, &[0; 16], |_| {}).unwrap().len(), 25 + 247);
}

#[test]
fn records_that_are_changed_moved_or_repeated_are_refused() {
    for (version, cipher, etm) in all() {
        let (mut from, to) = pair(version, cipher, etm);
        let (first, second) = (seal(&mut from, b"first"), seal(&mut from, b"second"));
        for at in 0..first.len() {
            let mut changed = first.clone();
            changed[at] ^= 1;
            assert_eq!(to.clone().open(DATA, &changed), Err(BadRecord), "{version} {cipher:?} {etm} {at}");
            assert_eq!(to.clone().open(DATA, &first[..at]), Err(BadRecord));
        }
        assert_eq!(to.clone().open(ContentType::Alert, &first), Err(BadRecord));
        assert_eq!(to.clone().open(DATA, &second), Err(BadRecord));
        let mut to = to;
        assert_eq!(to.open(DATA, &first), Ok(b"first".to_vec()));
        assert_eq!(to.clone().open(DATA, &first), Err(BadRecord));
        assert_eq!(to.open(DATA, &second), Ok(b"second".to_vec()));
    }
}

#[test]
fn each_octet_of_padding_counts() {
    for (version, cipher, etm) in all() {
        let (from, to) = pair(version, cipher, etm);
        for back in 1..200 {
            let bad = from.clone().seal(DATA, b"text", 99, &[0; 16], |data| {
                let at = data.len() - back;
                data[at] ^= 0x01;
            });
            assert_eq!(to.clone().open(DATA, &bad.unwrap()), Err(BadRecord), "{version} {cipher:?} {etm} {back}");
        }
        // A padding_length beyond what there is.
        let bad = from.clone().seal(DATA, b"", 0, &[0; 16], |data| {
            data.fill(0xFF);
        });
        assert_eq!(to.clone().open(DATA, &bad.unwrap()), Err(BadRecord));
    }
}

#[test]
fn sequence_numbers_do_not_wrap() {
    let (mut from, _) = pair(Version::Tls12, Cipher::Aes128, false);
    from.sequence = u64::MAX;
    assert_eq!(from.seal(DATA, b"", 0, &[0; 16], |_| {}), Err(CannotSeal));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_sealed_is_opened(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..5),
        more in 0usize..20,
        iv: [u8; 16],
    ) {
        for (version, cipher, etm) in all() {
            let (mut from, mut to) = pair(version, cipher, etm);
            for text in &texts {
                let body = from.seal(DATA, text, more, &iv, |_| {}).unwrap();
                prop_assert_eq!(to.open(DATA, &body), Ok(text.clone()));
            }
        }
    }

    #[test]
    fn any_octets_are_refused(body: Vec<u8>) {
        for (version, cipher, etm) in all() {
            prop_assert_eq!(pair(version, cipher, etm).1.open(DATA, &body), Err(BadRecord));
        }
    }
}
