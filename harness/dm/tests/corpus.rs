//! Every message of the corpus says the same in both encodings and in its tree form.

use dmsc_dm::syncml::Message;
use dmsc_dm::{wbxml, xml};

#[test]
fn both_encodings_and_the_tree_form_agree() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let mut messages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let decoded = xml::decode(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(decoded.irregular, [], "{}", path.display());
        let message = decoded.value;

        assert_eq!(xml::decode(&xml::encode(&message).unwrap()).unwrap().value, message, "{}", path.display());
        assert_eq!(wbxml::decode(&wbxml::encode(&message).unwrap()).unwrap().value, message, "{}", path.display());
        let tree = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&tree).unwrap(), message, "{}", path.display());
        messages += 1;
    }
    assert!(messages >= 12, "only {messages} messages in {folder}");
}
