//! Toolkit messages as trees of named fields: what cases override, match and print.
//!
//! One flat name for each kind of data object; the tables of [`crate::layout`] are the closed schema, and their order is
//! the order in which objects are written. `null` leaves an object out. Odd values are welcome, as negative tests are
//! made of them: only unknown names and values of the wrong shape are errors. Objects without a name of their own go to
//! `extra`, at the end.

use dmsc_octets::to_hex;
use serde_json::{Map, Value, json};

use crate::fields::{Cell, FieldError, Tree};
use crate::layout::{Layout, default_cr};
use crate::object::{CommandType, Object, ObjectKind, ObjectList, Place};

/// Where an object of a message stands in its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// In the fields of its kind; for lists the entry with this index.
    Field(ObjectKind, usize),
    /// In `extra`, the entry with this index: it has no field, or the field is taken.
    Extra(usize),
}

/// The slots of a message's objects, each given by its kind and CR flag.
pub(crate) fn slots(layout: Layout, objects: impl IntoIterator<Item = (Option<ObjectKind>, bool)>) -> Vec<Slot> {
    let mut seen: Vec<(ObjectKind, bool, usize)> = Vec::new();
    let mut extra = 0..;
    let slot = |(kind, cr): (Option<ObjectKind>, bool)| {
        if let Some(kind) = kind.filter(|kind| layout.has(*kind)) {
            match seen.iter_mut().find(|(known, ..)| *known == kind) {
                None => {
                    seen.push((kind, cr, 1));
                    return Slot::Field(kind, 0);
                }
                Some((_, first_cr, count)) if kind.place() == Place::Listed && *first_cr == cr => {
                    *count += 1;
                    return Slot::Field(kind, *count - 1);
                }
                // A second object of a kind has no field of its own; neither has a list entry with another CR flag.
                Some(_) => {}
            }
        }
        Slot::Extra(extra.next().unwrap_or_default())
    };
    objects.into_iter().map(slot).collect()
}

/// The field that tells of a CR flag other than usual, for an object in the first slot of its kind.
pub(crate) fn unusual_cr(
    layout: Layout,
    command_type: Option<CommandType>,
    slot: Slot,
    cr: bool,
) -> Option<&'static str> {
    let Slot::Field(kind, 0) = slot else { return None };
    (default_cr(layout, command_type, kind) != cr).then_some(if cr { "cr" } else { "no_cr" })
}

/// The fields of a message's objects.
pub(crate) fn write(layout: Layout, objects: &ObjectList) -> Map<String, Value> {
    let command_type = objects.details().map(|details| details.command_type);
    let slots = slots(layout, objects.0.iter().map(|(object, cr)| (object.kind(), *cr)));
    let mut fields = Map::new();
    let mut last = [("extra", Vec::new()), ("cr", Vec::new()), ("no_cr", Vec::new())];
    for ((object, cr), slot) in objects.0.iter().zip(slots) {
        let place = match slot {
            Slot::Field(kind, _) => {
                insert(&mut fields, kind, object);
                unusual_cr(layout, command_type, slot, *cr).map(|name| (name, json!(kind.name())))
            }
            Slot::Extra(_) => {
                Some(("extra", json!({ "tag": object.tag(), "cr": cr, "value": to_hex(&object.value()) })))
            }
        };
        let list = place.and_then(|(name, value)| Some((last.iter_mut().find(|(known, _)| *known == name)?, value)));
        if let Some(((_, list), value)) = list {
            list.push(value);
        }
    }
    for (name, list) in last.into_iter().filter(|(_, list)| !list.is_empty()) {
        fields.insert(name.to_owned(), Value::Array(list));
    }
    fields
}

fn insert(fields: &mut Map<String, Value>, kind: ObjectKind, object: &Object) {
    match (kind.place(), object.write()) {
        (Place::Spread, Value::Object(record)) => fields.extend(record),
        (Place::Listed, value) => {
            if let Value::Array(list) = fields.entry(kind.name()).or_insert_with(|| json!([])) {
                list.push(value);
            }
        }
        (_, value) => {
            fields.insert(kind.name(), value);
        }
    }
}

/// The objects of a message, in the order of its table.
///
/// # Errors
/// [`FieldError`] for an unknown name or a value of the wrong shape.
pub(crate) fn read(layout: Layout, fields: &Map<String, Value>) -> Result<ObjectList, FieldError> {
    let tree = Tree::message(layout.fields(), fields)?;
    let (with_cr, without_cr) = (kinds(&tree.field("cr")?)?, kinds(&tree.field("no_cr")?)?);
    let mut command_type = None;
    let mut list = ObjectList::default();
    for (kind, _) in layout.members() {
        for object in of_kind(&tree, *kind)? {
            if let Object::CommandDetails(details) = &object {
                command_type = Some(details.command_type);
            }
            let usual = default_cr(layout, command_type, *kind);
            let cr = with_cr.contains(kind) || (usual && !without_cr.contains(kind));
            list.push(object, cr);
        }
    }
    for item in tree.field("extra")?.items()? {
        let extra = item.tree()?;
        let tag = extra.field("tag")?.required()?.word()?;
        let cr = extra.field("cr")?.or(Cell::bool)?.unwrap_or(false);
        let value = extra.field("value")?.or(Cell::hex)?.unwrap_or_default();
        list.push(Object::from_value(tag, &value), cr);
    }
    Ok(list)
}

fn of_kind(tree: &Tree<'_>, kind: ObjectKind) -> Result<Vec<Object>, FieldError> {
    let one = |cell: &Cell<'_>| Ok(kind.read(cell)?.into_iter().collect());
    match kind.place() {
        Place::Spread => one(&tree.spread(kind.shape())),
        Place::Listed => {
            let entries: Result<Vec<_>, _> =
                tree.field(&kind.name())?.items()?.iter().map(|cell| kind.read(cell)).collect();
            Ok(entries?.into_iter().flatten().collect())
        }
        Place::Once | Place::Several => {
            let cell = tree.field(&kind.name())?;
            if cell.is_absent() { Ok(Vec::new()) } else { one(&cell) }
        }
    }
}

/// Kinds of object by their names.
fn kinds(cell: &Cell<'_>) -> Result<Vec<ObjectKind>, FieldError> {
    let kind = |cell: &Cell<'_>| {
        let name = cell.str()?;
        let known = ObjectKind::ALL.iter().copied().find(|kind| kind.known_name() == Some(name));
        known.ok_or_else(|| cell.wrong())
    };
    cell.items()?.iter().map(kind).collect()
}
