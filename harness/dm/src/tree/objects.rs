//! DevInfo and DevDetail (DMSTDOBJ 1.2), the objects every device has.

use serde::{Deserialize, Serialize};

use super::ManagementTree;
use super::node::AccessType;
use super::spec::{NodeSpec, SpecError};
use crate::syncml::{Data, Item, Meta};

/// Values of `./DevInfo`, which goes to the server in Package#1 of every session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevInfo {
    /// Unique identifier of the device, such as `IMEI:...`.
    pub dev_id: String,
    /// Manufacturer.
    pub man: String,
    /// Model; leaf `Mod`.
    #[serde(rename = "mod")]
    pub model: String,
    /// Version of the DM client; the manufacturer's own numbering.
    pub dm_v: String,
    /// Language tag.
    pub lang: String,
}

impl DevInfo {
    /// Names of the leaves, in the order of the object's description.
    pub const LEAVES: [&'static str; 5] = ["DevId", "Man", "Mod", "DmV", "Lang"];

    fn values(&self) -> [&str; 5] {
        [&self.dev_id, &self.man, &self.model, &self.dm_v, &self.lang]
    }
}

/// Values of `./DevDetail`, which a server has to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DevDetail {
    /// Greatest number of segments of an address; 0 is no limit.
    pub max_depth: u16,
    /// Greatest number of octets of an address; 0 is no limit.
    pub max_tot_len: u16,
    /// Greatest number of octets of a segment; 0 is no limit.
    pub max_seg_len: u16,
    /// Device type.
    pub dev_typ: String,
    /// Original equipment manufacturer.
    pub oem: String,
    /// Firmware version.
    pub fw_v: String,
    /// Software version.
    pub sw_v: String,
    /// Hardware version.
    pub hw_v: String,
    /// Whether large objects are supported.
    pub lrg_obj: bool,
}

impl Default for DevDetail {
    /// No limits, no large objects, and texts that say what the device is: a reference.
    fn default() -> Self {
        Self {
            max_depth: 0,
            max_tot_len: 0,
            max_seg_len: 0,
            dev_typ: "reference".to_owned(),
            oem: "dmsc".to_owned(),
            fw_v: "1.0".to_owned(),
            sw_v: "1.0".to_owned(),
            hw_v: "1.0".to_owned(),
            lrg_obj: false,
        }
    }
}

impl ManagementTree {
    /// Puts `./DevInfo` into the tree, permanent and readable.
    ///
    /// # Errors
    /// [`SpecError`] if a leaf stands in the way.
    pub fn put_dev_info(&mut self, info: &DevInfo) -> Result<(), SpecError> {
        for (name, value) in DevInfo::LEAVES.into_iter().zip(info.values()) {
            self.put(&format!("./DevInfo/{name}"), &read_only("chr", value))?;
        }
        Ok(())
    }

    /// Puts `./DevDetail` into the tree, permanent and readable.
    ///
    /// # Errors
    /// [`SpecError`] if a leaf stands in the way.
    pub fn put_dev_detail(&mut self, detail: &DevDetail) -> Result<(), SpecError> {
        for (name, format, value) in [
            ("URI/MaxDepth", "chr", detail.max_depth.to_string()),
            ("URI/MaxTotLen", "chr", detail.max_tot_len.to_string()),
            ("URI/MaxSegLen", "chr", detail.max_seg_len.to_string()),
            ("DevTyp", "chr", detail.dev_typ.clone()),
            ("OEM", "chr", detail.oem.clone()),
            ("FwV", "chr", detail.fw_v.clone()),
            ("SwV", "chr", detail.sw_v.clone()),
            ("HwV", "chr", detail.hw_v.clone()),
            ("LrgObj", "bool", detail.lrg_obj.to_string()),
        ] {
            self.put(&format!("./DevDetail/{name}"), &read_only(format, &value))?;
        }
        Ok(())
    }

    /// Puts `./Inbox` into the tree; objects can be added to it and nothing read from it.
    ///
    /// # Errors
    /// [`SpecError`] if a leaf stands in the way.
    pub fn put_inbox(&mut self) -> Result<(), SpecError> {
        let inbox = NodeSpec { access: Some([AccessType::Add].into()), ..NodeSpec::interior() };
        self.put("./Inbox", &inbox.permanent())
    }

    /// The items of the Replace in Package#1: every leaf directly below `./DevInfo`.
    #[must_use]
    pub fn dev_info_items(&self) -> Vec<Item> {
        let info = self.root.child("DevInfo");
        let leaf = |name: &&str| -> Option<Item> {
            let node = info?.child(name)?;
            Some(Item {
                source: Some(format!("./DevInfo/{name}")),
                meta: Some(Meta::new(&node.format, node.type_.as_deref().unwrap_or("text/plain"))),
                data: Some(node.value().cloned().unwrap_or_else(Data::default)),
                ..Item::default()
            })
        };
        DevInfo::LEAVES.iter().filter_map(leaf).collect()
    }
}

fn read_only(format: &str, value: &str) -> NodeSpec {
    NodeSpec {
        format: Some(format.to_owned()),
        type_: Some("text/plain".to_owned()),
        access: Some([AccessType::Get].into()),
        ..NodeSpec::leaf(value)
    }
    .permanent()
}
