//! Octets over a channel in UICC Server Mode, for what a terminal carries whatever it means (TS 102 223 6.4.29, 6.4.30).

use super::kind::{Declaration, What};
use super::shape::{FieldSpec, Shape};
use super::table::Table;
use super::value::{Octets, Within, fields};
use crate::role::Role;

fields! {
    /// What a case sends to the client of a channel, by itself or at once to what came from it.
    pub struct ChannelDataWith = "channel-data.with" {
        /// The octets.
        octets: Octets,
        /// So many octets 00 to FF in turn behind them; 1048576 at most.
        count: Within<1, 0x10_0000> = octets,
    }
}

impl ChannelDataWith {
    /// All octets.
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = self.octets.clone().map(|Octets(octets)| octets).unwrap_or_default();
        let count = self.count.map(|count| usize::try_from(count.get()).unwrap_or_default());
        octets.extend((0..=u8::MAX).cycle().take(count.unwrap_or_default()));
        octets
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<ChannelDataWith>();
    table.specs(
        "channel-data",
        vec![
            FieldSpec::new("octets", Shape::Hex, "What has come since the last such message."),
            FieldSpec::new("total", Shape::COUNT, "How many octets have come over the connection."),
            FieldSpec::new("missing", Shape::COUNT, "How many more the terminal has taken for the client."),
            FieldSpec::new("as_sent", Shape::Bool, "Whether what came is what was sent, from the first octet on."),
        ],
    );
    let (what, name) = (What::ChannelData, "channel-data");
    let sent = "Octets for the client of a channel, in as many SEND DATA as they take; with `scws: raw`.";
    table.kind(Declaration::new(Role::Card, what, name, sent).built_of("channel-data.with").sent());
    let heard = "Octets for the client of a channel; heard, those that have come from it, once no more are there. With \
                 `scws: raw`.";
    table.kind(Declaration::new(Role::Terminal, what, name, heard).heard("channel-data").answered("channel-data.with"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::messages::Group;

    #[test]
    fn octets_are_given_or_counted() {
        let octets =
            |with: serde_json::Value| ChannelDataWith::from_fields(with.as_object().unwrap()).map(|with| with.octets());
        assert_eq!(octets(json!({ "octets": "0A 0B" })).unwrap(), [0x0A, 0x0B]);
        let counted = octets(json!({ "octets": "FF", "count": 300 })).unwrap();
        assert_eq!((counted.len(), &counted[..3], counted[257]), (301, &[0xFF, 0x00, 0x01][..], 0x00));
        assert!(octets(json!({ "count": 0 })).is_err());
    }
}
