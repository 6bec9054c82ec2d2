use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::syncml::{CommandName, Data, Item, Meta};

const CARD: Requester<'_> = Requester::Server("dmsc.example.com");
const OTHER: Requester<'_> = Requester::Server("other.example.com");

fn tree() -> ManagementTree {
    let spec = json!({
        ".": { "acl": "Add=*&Copy=*&Delete=*&Exec=*&Get=*&Replace=*" },
        "./Vendor/A": "1",
        "Vendor/Empty": {},
        "./Vendor/Run": { "value": "", "access": ["Exec"] },
        "./Vendor/Fixed/Deep": { "value": "x", "permanent": true },
        "./Vendor/Bin": { "format": "bin", "value": { "hex": "00FF" }, "type": "application/octet-stream" },
        "./Private": { "acl": "Get=dmsc.example.com&Replace=dmsc.example.com" },
        "./Private/B": 2,
        "./Open": { "acl": "Add=*&Get=*" },
        "./Inbox": { "access": ["Add"], "permanent": true },
        "./DevInfo/DevId": { "value": "IMEI:1", "access": ["Get"], "permanent": true },
        "./DevInfo/Man": { "value": "Example", "access": ["Get"], "permanent": true },
    });
    ManagementTree::from_spec(&serde_json::from_value(spec).unwrap()).unwrap()
}

fn chr(text: &str) -> NewNode {
    NewNode { data: text.into(), ..NewNode::default() }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>, status: u16) {
    assert_eq!(result.unwrap_err().status.code(), status);
}

#[track_caller]
fn text(tree: &ManagementTree, uri: &str) -> String {
    tree.get(CARD, uri).unwrap().data.as_text().unwrap().to_owned()
}

#[test]
fn addresses() {
    for (one, other) in [("./A/B", "A/B"), (".", "."), ("./A?prop=ACL", "A?prop=ACL")] {
        assert_eq!(Uri::parse(one), Uri::parse(other));
        assert_eq!(Uri::parse(other).unwrap().to_string(), one);
    }
    for (text, error) in [
        ("", UriError::Empty),
        ("/A", UriError::Absolute),
        ("./A/", UriError::TrailingSlash),
        ("./", UriError::TrailingSlash),
        ("A//B", UriError::EmptySegment),
        ("A/../B", UriError::Dots),
        ("../B", UriError::Dots),
        ("A/./B", UriError::Dots),
        ("A?ACL", UriError::Query),
        ("?prop=ACL", UriError::Empty),
    ] {
        assert_eq!(Uri::parse(text), Err(error), "{text}");
    }
    refused(tree().get(CARD, &"A/".repeat(100).replace("A/", "/A")[1..]), 414);
    refused(tree().get(CARD, "./Vendor/"), 400);
}

#[test]
fn get_reads_leaves_and_lists_interior_nodes() {
    let tree = tree();
    assert_eq!(text(&tree, "./Vendor/A"), "1");
    let listed = tree.get(CARD, "Vendor").unwrap();
    assert_eq!((listed.format.as_str(), listed.data), ("node", Data::from("A/Bin/Empty/Fixed/Run")));
    assert_eq!(text(&tree, "./Vendor/Empty"), "");
    assert_eq!(text(&tree, "."), "DevInfo/Inbox/Open/Private/Vendor");
    let item = tree.get(CARD, "./Vendor/Bin").unwrap().into_item("./Vendor/Bin");
    assert_eq!(item.source.as_deref(), Some("./Vendor/Bin"));
    assert_eq!(item.meta, Some(Meta::new("bin", "application/octet-stream")));
    assert_eq!(item.data, Some(Data::Binary(vec![0, 0xFF])));
    refused(tree.get(CARD, "./Vendor/None"), 404);
    refused(tree.get(CARD, "./vendor/A"), 404);
    refused(tree.get(CARD, "./Vendor/Run"), 405);
    assert_eq!(text(&tree, "./Private/B"), "2");
    refused(tree.get(OTHER, "./Private/B"), 425);
}

#[test]
fn add_makes_nodes_and_nothing_twice() {
    let mut tree = tree();
    tree.add(CARD, "./Vendor/New", NewNode { format: Some("int".into()), ..chr("7") }).unwrap();
    assert_eq!(tree.get(CARD, "./Vendor/New").unwrap().format, "int");
    tree.add(CARD, "./Vendor/Dir", NewNode { format: Some("node".to_owned()), ..chr("") }).unwrap();
    assert!(tree.node(&Uri::parse("./Vendor/Dir").unwrap()).unwrap().is_interior());
    refused(tree.add(CARD, "./Vendor/New", chr("8")), 418);
    refused(tree.add(CARD, ".", chr("8")), 418);
    refused(tree.add(CARD, "./Vendor/A/B", chr("8")), 405);
    refused(tree.add(CARD, "./Vendor/X/Y", chr("8")), 404);
    refused(tree.add(CARD, "./Private/C", chr("8")), 425);
    refused(tree.add(CARD, "./Vendor/C?prop=ACL", chr("8")), 405);
    refused(tree.add(CARD, "./Vendor/C", NewNode { format: Some("b64".to_owned()), ..chr("?") }), 400);
    tree.add(CARD, "./Vendor/C", NewNode { format: Some("b64".to_owned()), ..chr("AAE=") }).unwrap();
    assert_eq!(tree.get(CARD, "./Vendor/C").unwrap().data, Data::Binary(vec![0, 1]));

    tree.implicit_add = true;
    tree.add(CARD, "./Vendor/X/Y", chr("8")).unwrap();
    assert_eq!(text(&tree, "./Vendor/X/Y"), "8");
    refused(tree.add(CARD, "./Vendor/A/B/C", chr("8")), 405);
}

#[test]
fn a_creator_without_replace_owns_what_it_adds() {
    let mut tree = tree();
    refused(tree.replace(CARD, "./Open?prop=Title", chr("t")), 425);
    tree.add(CARD, "./Open/Mine", chr("1")).unwrap();
    tree.replace(CARD, "./Open/Mine", chr("2")).unwrap();
    refused(tree.replace(OTHER, "./Open/Mine", chr("3")), 425);
    assert_eq!(text(&tree, "./Open/Mine?prop=ACL"), "Add=*&Delete=dmsc.example.com&Get=*&Replace=dmsc.example.com");
    tree.delete(CARD, "./Open/Mine").unwrap();
    // Where Replace is inherited, nothing is set.
    tree.add(CARD, "./Vendor/Mine", chr("1")).unwrap();
    assert_eq!(text(&tree, "./Vendor/Mine?prop=ACL"), "");
}

#[test]
fn replace_changes_and_never_creates() {
    let mut tree = tree();
    tree.replace(CARD, "./Vendor/A", chr("2")).unwrap();
    assert_eq!(text(&tree, "./Vendor/A"), "2");
    refused(tree.replace(CARD, "./Vendor/None", chr("2")), 404);
    refused(tree.replace(CARD, "./Vendor", chr("2")), 405);
    refused(tree.replace(CARD, "./Vendor/Run", chr("2")), 405);
    refused(tree.replace(OTHER, "./Private/B", chr("2")), 425);
    refused(tree.replace(CARD, "./Vendor/A", NewNode { format: Some("node".to_owned()), ..chr("") }), 405);
    assert_eq!(text(&tree, "./Vendor/A"), "2");
}

#[test]
fn delete_spares_what_is_permanent() {
    let mut tree = tree();
    tree.delete(CARD, "./Vendor/Bin").unwrap();
    refused(tree.delete(CARD, "./Vendor/Bin"), 404);
    refused(tree.delete(CARD, "."), 405);
    refused(tree.delete(CARD, "./DevInfo/Man"), 405);
    // Fixed was made on the way to a permanent node, and Vendor holds it.
    refused(tree.delete(CARD, "./Vendor/Fixed"), 405);
    refused(tree.delete(CARD, "./Vendor"), 405);
    refused(tree.delete(CARD, "./Private/B"), 425);
    refused(tree.delete(CARD, "./Vendor/A?prop=ACL"), 405);
    tree.delete(Requester::Device, "./Private").unwrap();
    assert_eq!(tree.value("./Private/B"), None);
}

#[test]
fn copy_takes_leaves_only() {
    let mut tree = tree();
    tree.copy(CARD, "./Vendor/A", "./Vendor/New").unwrap();
    tree.copy(CARD, "./Vendor/Bin", "./Vendor/A").unwrap();
    assert_eq!(text(&tree, "./Vendor/New"), "1");
    assert_eq!(tree.get(CARD, "./Vendor/A").unwrap().format, "bin");
    refused(tree.copy(CARD, "./Vendor/Empty", "./Vendor/E2"), 403);
    refused(tree.copy(CARD, "./Vendor/A", "./Vendor/Empty"), 403);
    refused(tree.copy(CARD, "./Vendor/None", "./Vendor/E2"), 404);
    refused(tree.copy(CARD, "./Private/B", "./Vendor/E2"), 425);
}

#[test]
fn exec_needs_the_access_type() {
    let tree = tree();
    tree.exec(CARD, "./Vendor/Run").unwrap();
    refused(tree.exec(CARD, "./Vendor/A"), 405);
    refused(tree.exec(CARD, "./Vendor/None"), 404);
}

#[test]
fn properties() {
    let mut tree = tree();
    assert_eq!(text(&tree, "./Vendor/A?prop=ACL"), "");
    assert_eq!(text(&tree, "./Private?prop=ACL"), "Get=dmsc.example.com&Replace=dmsc.example.com");
    assert_eq!(text(&tree, "./Vendor/Bin?prop=Format"), "bin");
    assert_eq!(text(&tree, "./Vendor/Bin?prop=Name"), "Bin");
    assert_eq!(text(&tree, "./Vendor/Bin?prop=Type"), "application/octet-stream");
    assert_eq!(text(&tree, "./Vendor/Bin?prop=Size"), "2");
    for unsupported in ["./Vendor?prop=Size", "./Vendor?prop=TStamp", "./Vendor?prop=Odd", "./Vendor?list=Struct"] {
        refused(tree.get(CARD, unsupported), 406);
    }
    tree.replace(CARD, "./Vendor/A?prop=Title", chr("A title")).unwrap();
    assert_eq!(text(&tree, "./Vendor/A?prop=Title"), "A title");
    tree.replace(CARD, "./Vendor/A?prop=ACL", chr("Get=other.example.com")).unwrap();
    refused(tree.get(CARD, "./Vendor/A"), 425);
    // The rights over the parent of a leaf are what counts for its ACL.
    tree.replace(CARD, "./Vendor/A?prop=ACL", chr("")).unwrap();
    assert_eq!(text(&tree, "./Vendor/A"), "1");
    refused(tree.replace(CARD, "./Vendor/A?prop=ACL", chr("Put=*")), 400);
    refused(tree.replace(CARD, ".?prop=ACL", chr("")), 405);
    refused(tree.replace(CARD, "./Vendor/A?prop=Format", chr("int")), 405);
    refused(tree.replace(CARD, "./Vendor/A?prop=VerNo", chr("1")), 406);
    tree.replace(CARD, "./Vendor/A?prop=Name", chr("Z")).unwrap();
    assert_eq!(text(&tree, "./Vendor/Z"), "1");
    refused(tree.replace(CARD, "./Vendor/Z?prop=Name", chr("Bin")), 418);
    refused(tree.replace(CARD, "./Vendor/Z?prop=Name", chr("a/b")), 400);
    refused(tree.replace(CARD, "./DevInfo/Man?prop=Name", chr("M")), 405);
}

/// An account for the Inbox, below a node of that name; `inner` is the node in it.
fn account(name: &str, inner: &str) -> NewNode {
    let text = format!(
        "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD><Node><NodeName>{name}</NodeName><RTProperties>\
         <Format><node/></Format><Type><DDFName>urn:oma:mo:oma-dm-dmacc:1.0</DDFName></Type></RTProperties>{inner}</Node>\
         </MgmtTree>"
    );
    let media = "application/vnd.syncml.dmtnds+xml; charset=utf-8";
    NewNode { format: Some("xml".to_owned()), type_: Some(media.to_owned()), ..chr(&text) }
}

const SERVER_ID: &str = "<Node><NodeName>ServerID</NodeName><Value>other</Value></Node>";

fn with_accounts() -> ManagementTree {
    let mut tree = tree();
    let held = json!({ "permanent": true, "holds": "urn:oma:mo:oma-dm-dmacc:1.0" });
    tree.put("./DMAcc", &serde_json::from_value(held).unwrap()).unwrap();
    tree
}

#[test]
fn the_inbox_takes_objects_and_shows_nothing() {
    let mut tree = with_accounts();
    tree.add(CARD, "./Inbox", account("", SERVER_ID)).unwrap();
    tree.add(CARD, "./Inbox/Child", account("second", SERVER_ID)).unwrap();
    assert_eq!(text(&tree, "./DMAcc"), "second/x1");
    assert_eq!(text(&tree, "./DMAcc/x1/ServerID"), "other");
    refused(tree.add(CARD, "./Inbox", account("second", SERVER_ID)), 418);
    refused(tree.add(CARD, "./Inbox/Text", chr("x")), 415);
    for uri in ["./Inbox", "./Inbox/Child", "./Inbox/a/b", "./Inbox?prop=ACL"] {
        refused(tree.get(CARD, uri), 405);
        refused(tree.replace(CARD, uri, chr("x")), 405);
        refused(tree.copy(CARD, "./Vendor/A", uri), 405);
    }
    refused(tree.delete(CARD, "./Inbox/Child"), 405);
    refused(tree.exec(CARD, "./Inbox"), 405);

    tree.replace(Requester::Device, "./Inbox?prop=ACL", chr("Add=other.example.com")).unwrap();
    refused(tree.add(CARD, "./Inbox", account("third", SERVER_ID)), 425);
    refused(ManagementTree::default().add(CARD, "./Inbox/x", account("", SERVER_ID)), 404);
}

#[test]
fn an_object_with_one_wrong_node_changes_nothing() {
    let mut tree = with_accounts();
    let before = tree.clone();
    let double = format!("{SERVER_ID}{SERVER_ID}");
    refused(tree.add(CARD, "./Inbox", account("a", &double)), 400);
    refused(tree.add(CARD, "./Inbox", account("a", "<Node><NodeName>a/b</NodeName></Node>")), 400);
    let acl = "<Node><NodeName>b</NodeName><RTProperties><ACL>Put=*</ACL></RTProperties></Node>";
    refused(tree.add(CARD, "./Inbox", account("a", acl)), 400);
    refused(tree.add(CARD, "./Inbox", NewNode { data: "<MgmtTree>".into(), ..account("", "") }), 400);
    let unknown = account("a", "").data.as_text().unwrap().replace("dmacc", "unknown");
    refused(tree.add(CARD, "./Inbox", NewNode { data: unknown.as_str().into(), ..account("", "") }), 500);
    assert_eq!(tree, before);
}

#[test]
fn limits_of_addresses_come_from_dev_detail() {
    let mut tree = tree();
    for (name, limit) in [("MaxDepth", "3"), ("MaxTotLen", "20"), ("MaxSegLen", "9")] {
        let spec = serde_json::from_value(json!(limit)).unwrap();
        tree.put(&format!("./DevDetail/URI/{name}"), &spec).unwrap();
    }
    assert_eq!(text(&tree, "./Vendor/A"), "1");
    for uri in ["a/b/c/d", "./Vendor/aaaaaaaaaa", "./aaaaaaa/bbbbbbb/ccc"] {
        refused(tree.get(CARD, uri), 414);
    }
}

#[test]
fn the_secrets_of_an_account_cannot_be_read_back() {
    let mut tree = tree();
    tree.implicit_add = true;
    for secret in ["./DMAcc/X/AppAuth/1/AAuthSecret", "./DMAcc/X/AppAuth/1/AAuthData"] {
        tree.add(CARD, secret, chr("s")).unwrap();
        refused(tree.get(CARD, secret), 405);
        tree.replace(CARD, secret, chr("next")).unwrap();
    }
}

#[test]
fn commands_by_name() {
    let mut tree = tree();
    let item = |target: &str, data: Option<&str>| Item {
        target: Some(target.into()),
        data: data.map(Data::from),
        ..Item::default()
    };
    let meta = Meta { format: Some("int".into()), ..Meta::default() };
    let add = item("./Vendor/N", Some("5"));
    assert_eq!(tree.perform(CARD, &CommandName::Add, &add, Some(&meta)), Ok(None));
    let got = tree.perform(CARD, &CommandName::Get, &item("./Vendor/N", None), None).unwrap().unwrap();
    assert_eq!((got.format.as_str(), got.data), ("int", "5".into()));
    let copy = Item { source: Some("./Vendor/N".into()), ..item("./Vendor/M", None) };
    assert_eq!(tree.perform(CARD, &CommandName::Copy, &copy, None), Ok(None));
    refused(tree.perform(CARD, &CommandName::Copy, &add, None), 412);
    refused(tree.perform(CARD, &CommandName::Get, &Item::default(), None), 412);
    refused(tree.perform(CARD, &CommandName::from("Put"), &add, None), 405);
}

#[test]
fn a_snapshot_brings_everything_back() {
    let mut tree = tree();
    let snapshot = tree.snapshot();
    tree.delete(CARD, "./Vendor/A").unwrap();
    tree.replace(CARD, "./Vendor/Bin?prop=Title", chr("t")).unwrap();
    assert_ne!(tree, snapshot);
    tree.rollback(snapshot.clone());
    assert_eq!(tree, snapshot);
}

#[test]
fn descriptions_that_make_no_tree_say_why() {
    let error = |spec| ManagementTree::from_spec(&serde_json::from_value(spec).unwrap()).unwrap_err().to_string();
    assert_eq!(error(json!({ "./A/": "x" })), "./A/: the address ends in `/`");
    assert_eq!(error(json!({ "./A": "x", "./A/B": "y" })), "./A/B: `./A` is a leaf and has no children");
    assert_eq!(error(json!({ "./A": { "acl": "Get" } })), "./A: the ACL entry `Get` is not `Command=servers`");
    assert_eq!(error(json!({ ".": "x" })), ".: the root has no value");
    assert_eq!(
        error(json!({ "./A": { "format": "node", "value": "x" } })),
        "./A: an interior node has no value; leave out `value` or `format`"
    );
    let error = serde_json::from_value::<TreeSpec>(json!({ "./A": { "walue": 1 } })).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `walue`, expected one of `format`, `type`"));
}

proptest! {
    #[test]
    fn any_sequence_of_operations_keeps_the_permanent_nodes(
        operations in prop::collection::vec(
            (0u8..5, "(\\./)?(DevInfo|Vendor|Inbox|A|\\.|Man|Fixed|Deep|/|\\?prop=(ACL|Name|Title)){1,5}", "[A-Za=*&./]{0,5}"),
            0..30,
        ),
    ) {
        let mut tree = tree();
        tree.implicit_add = true;
        for (operation, uri, data) in operations {
            let new = chr(&data);
            let refused = match operation {
                0 => tree.get(CARD, &uri).err(),
                1 => tree.add(CARD, &uri, new).err(),
                2 => tree.replace(CARD, &uri, new).err(),
                3 => tree.delete(CARD, &uri).err(),
                _ => tree.copy(CARD, &uri, &data).err(),
            };
            if let Some(refusal) = refused {
                prop_assert!(refusal.status.code() >= 400, "{}", refusal);
            }
        }
        prop_assert_eq!(tree.value("./DevInfo/Man"), Some(&"Example".into()));
        prop_assert!(tree.value("./Vendor/Fixed/Deep").is_some());
    }

    #[test]
    fn any_text_is_an_address_or_not(text in "\\PC{0,30}") {
        if let Ok(uri) = Uri::parse(&text) {
            prop_assert_eq!(Uri::parse(&uri.to_string()), Ok(uri));
        }
    }
}
