//! The signs by which an item shows in the messages of a DUT.

use dmsc_octets::from_hex;

use super::watch::Sight;

/// A sign of an item.
pub(super) struct Sign {
    /// The item.
    pub(super) item: &'static str,
    /// What it is, where it shows the item.
    pub(super) seen: &'static str,
    /// What it is, where it shows that the item is not there.
    pub(super) missing: &'static str,
    /// What a message says: that the item is there, that it is not, or nothing.
    pub(super) look: fn(&Sight) -> Option<bool>,
}

/// EF UST, as a terminal selects it.
const UST: &str = "6F38";

/// The service of EF UST for terminal applications.
const TERMINAL_APPLICATIONS: usize = 77;

/// What class e takes (TS 102 223 5.2).
const CLASS_E: [&str; 6] =
    ["open-channel", "close-channel", "receive-data", "send-data", "get-channel-status", "tcp-uicc-server"];

/// All of them.
pub(super) const SIGNS: &[Sign] = &[
    Sign {
        item: "DM_SC-C-001-M",
        seen: "Package#1 with Alert 1200",
        missing: "",
        look: |sight| sight.alerts(1200).then_some(true),
    },
    Sign {
        item: "DM_SC-C-001-M",
        seen: "DevInfo with its five leaves",
        missing: "",
        look: |sight| {
            let devinfo = sight.fields["devinfo"].as_object()?;
            let leaves = ["DevId", "Man", "Mod", "DmV", "Lang"];
            leaves.iter().all(|leaf| devinfo.contains_key(*leaf)).then_some(true)
        },
    },
    Sign {
        item: "DM_SC-C-004-O",
        seen: "a message of the client that is not the last of its package",
        missing: "",
        look: |sight| (sight.kind == "dm.message" && sight.fields["final"] == false).then_some(true),
    },
    Sign {
        item: "DM_SC-C-005-O",
        seen: "Alert 1223 beside the Status of commands",
        missing: "",
        look: |sight| abort(sight),
    },
    Sign { item: "DM_SC-C-006-O", seen: "Alert 1226", missing: "", look: |sight| sight.alerts(1226).then_some(true) },
    Sign {
        item: "DM_SC-C-007-O",
        seen: "Alert 1226 with a Mark",
        missing: "",
        look: |sight| {
            let marked = |command: &&serde_json::Value| {
                let items = command["items"].as_array().into_iter().flatten();
                command["cmd"] == "Alert" && items.into_iter().any(|item| item["meta"]["mark"].is_string())
            };
            sight.commands().iter().any(marked).then_some(true)
        },
    },
    Sign {
        item: "DM_SC-C-008-M",
        seen: "a POST with a DM media type",
        missing: "",
        look: |sight| {
            let media = sight.fields["media_type"].as_str()?;
            (sight.kind == "http.request" && sight.fields["method"] == "POST" && media.contains("syncml.dm"))
                .then_some(true)
        },
    },
    Sign {
        item: "DM_SC-C-009-O",
        seen: "a ClientHello",
        missing: "",
        look: |sight| sight.kind.ends_with("client-hello").then_some(true),
    },
    Sign {
        item: "DM_SC-C-009-O",
        seen: "the account in ./DMAcc has an https address",
        missing: "",
        look: |sight| {
            let results = sight.fields["results"].as_object()?;
            let https = |(uri, value): (&String, &serde_json::Value)| {
                uri.starts_with("./DMAcc/") && value.as_str().is_some_and(|text| text.starts_with("https://"))
            };
            results.iter().any(https).then_some(true)
        },
    },
    Sign {
        item: "DM_SC-D-001-M",
        seen: "class e and TCP in UICC Server Mode in the terminal profile",
        missing: "no class e, or no TCP in UICC Server Mode, in the terminal profile",
        look: |sight| profile(sight, &CLASS_E),
    },
    Sign {
        item: "DM_SC-D-002-O",
        seen: "SEND SHORT MESSAGE in the terminal profile",
        missing: "no SEND SHORT MESSAGE in the terminal profile",
        look: |sight| profile(sight, &["send-short-message"]),
    },
    Sign {
        item: "DM_SC-D-003-M",
        seen: "class k in the terminal profile",
        missing: "no class k in the terminal profile",
        look: |sight| profile(sight, &["terminal-applications"]),
    },
    Sign {
        item: "DM_SC-D-003-M",
        seen: "a DM Client among the terminal applications that are announced",
        missing: "",
        look: |sight| {
            let applications = sight.fields["applications"].as_array()?;
            (sight.kind == "envelope.terminal-applications" && applications.iter().any(|one| one["type"] == 7))
                .then_some(true)
        },
    },
    Sign {
        item: "DM_SC-S-001-M",
        seen: "a notification",
        missing: "",
        look: |sight| (sight.kind == "notification").then_some(true),
    },
    Sign {
        item: "DM_SC-S-001-M",
        seen: "service 77, terminal applications, in EF UST",
        missing: "",
        look: |sight| {
            let octets = from_hex(sight.fields["data"].as_str()?).ok()?;
            let service = TERMINAL_APPLICATIONS - 1;
            let octet = octets.get(service / 8)?;
            (sight.kind == "response" && sight.selected.ends_with(UST) && octet >> (service % 8) & 1 == 1)
                .then_some(true)
        },
    },
    Sign {
        item: "DM_SC-S-002-M",
        seen: "a DM message of the server that answers Package#1",
        missing: "",
        look: |sight| (sight.kind == "dm.message" && sight.fields["status"]["Alert"].is_number()).then_some(true),
    },
    Sign {
        item: "DM_SC-S-004-O",
        seen: "Add to ./Inbox",
        missing: "",
        look: |sight| {
            let adds = |command: &&serde_json::Value| {
                let mut items = command["items"].as_array().into_iter().flatten();
                command["cmd"] == "Add" && items.any(|item| in_inbox(item["target"].as_str().unwrap_or_default()))
            };
            sight.commands().iter().any(adds).then_some(true)
        },
    },
    Sign {
        item: "DM_SC-S-005-O",
        seen: "Alert 1223 beside the Status of commands",
        missing: "",
        look: |sight| abort(sight),
    },
    Sign {
        item: "DM_SC-S-006-O",
        seen: "a ServerHello",
        missing: "",
        look: |sight| sight.kind.ends_with("server-hello").then_some(true),
    },
];

/// What a terminal profile says of these facilities.
fn profile(sight: &Sight, facilities: &[&str]) -> Option<bool> {
    (sight.kind == "terminal-profile").then(|| facilities.iter().all(|facility| sight.lists("facilities", facility)))
}

/// An abort that tells what was carried out: Status of more than the header.
fn abort(sight: &Sight) -> Option<bool> {
    let told = sight.commands().iter().any(|command| command["cmd"] == "Status" && command["name"] != "SyncHdr");
    (sight.alerts(1223) && told).then_some(true)
}

fn in_inbox(uri: &str) -> bool {
    let inner = uri.strip_prefix("./").unwrap_or(uri);
    inner == "Inbox" || inner.starts_with("Inbox/")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn look(item: &str, kind: &str, fields: &Value) -> Vec<Option<bool>> {
        let sight = Sight { kind, fields, selected: "7FFF6F38" };
        SIGNS.iter().filter(|sign| sign.item == item).map(|sign| (sign.look)(&sight)).collect()
    }

    #[test]
    fn a_profile_says_what_is_there_and_what_is_not() {
        let fields = json!({ "facilities": ["send-short-message", "open-channel"] });
        assert_eq!(look("DM_SC-D-002-O", "terminal-profile", &fields), [Some(true)]);
        assert_eq!(look("DM_SC-D-001-M", "terminal-profile", &fields), [Some(false)]);
        assert_eq!(look("DM_SC-D-002-O", "status", &fields), [None]);
    }

    #[test]
    fn dm_messages_show_what_they_hold() {
        let fields = json!({
            "alerts": [1223, 1226],
            "final": false,
            "commands": [
                { "cmd": "Status", "name": "Get", "data": "200" },
                { "cmd": "Alert", "data": "1226", "items": [{ "meta": { "mark": "minor" } }] },
            ],
            "results": { "./DMAcc/x/AppAddr/y/Addr": "https://127.0.0.1:4116/OMA/DM" },
        });
        for item in ["C-004-O", "C-005-O", "C-006-O", "C-007-O"] {
            assert_eq!(look(&format!("DM_SC-{item}"), "dm.message", &fields), [Some(true)], "{item}");
        }
        assert_eq!(look("DM_SC-C-009-O", "dm.message", &fields), [None, Some(true)]);
        assert_eq!(look("DM_SC-C-005-O", "dm.message", &json!({ "alerts": [1223] })), [None]);
    }

    #[test]
    fn service_77_of_the_service_table_is_the_fifth_bit_of_the_tenth_octet() {
        let fields = json!({ "data": "00000000000000000010" });
        assert_eq!(look("DM_SC-S-001-M", "response", &fields), [None, Some(true)]);
        assert_eq!(look("DM_SC-S-001-M", "response", &json!({ "data": "000000000000000000EF" })), [None, None]);
        assert_eq!(look("DM_SC-S-001-M", "response", &json!({ "data": "77" })), [None, None]);
    }
}
