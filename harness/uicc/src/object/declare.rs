//! What a declaration of data objects gives: the kinds, the objects, and everything that goes by the kind.

use crate::fields::{FieldInfo, FieldKind};

/// Where an object stands in the fields of a message, and how often a message may carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A record whose fields stand among those of the message; at most one object.
    Spread,
    /// A field; at most one object.
    Once,
    /// A field for the first object; some messages carry several with meanings that follow from their order.
    Several,
    /// A list with an entry for each object.
    Listed,
}

/// The field of an object that is not a record `Spread` over the message.
pub(super) const fn field(place: Place, name: &'static str, kind: &'static FieldKind, doc: &'static str) -> FieldInfo {
    match place {
        Place::Listed => FieldInfo::new(name, FieldKind::List(kind), doc),
        _ => FieldInfo::new(name, *kind, doc),
    }
}

/// The fields of an object: its own one, or those of the record.
pub(super) const fn fields(place: Place, kind: &'static FieldKind, own: &'static [FieldInfo]) -> &'static [FieldInfo] {
    match (place, kind) {
        (Place::Spread, FieldKind::Record(fields)) => fields,
        _ => own,
    }
}

/// Declares the data objects: `Variant(value) by codec = tag, "name", place, "doc of its field";`
///
/// From it follow [`super::ObjectKind`] and [`super::Object`], and what the two can do.
macro_rules! data_objects {
    ($( $(#[$meta:meta])* $variant:ident($value:ty) by $codec:ty = $tag:literal, $name:literal, $place:ident, $doc:literal; )*) => {
        code_table! {
            /// The kinds of data object that are typed here; the code is the tag without CR.
            ObjectKind, "object" {
                $( $variant = $tag, $name; )*
            }
        }

        /// One data object.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Object {
            $( $(#[$meta])* $variant($value), )*
            /// Any other tag, or a value that does not fit its tag.
            Unknown {
                /// Tag without CR.
                tag: u16,
                /// Value octets.
                value: Vec<u8>,
                /// For a known tag: what its value should have been.
                reason: Option<&'static str>,
            },
        }

        impl ObjectKind {
            /// Where it stands in the fields of a message.
            pub(crate) const fn place(self) -> Place {
                match self {
                    $( Self::$variant => Place::$place, )*
                    Self::Unknown(_) => Place::Several,
                }
            }

            /// The fields of a message that hold it.
            pub(crate) const fn fields(self) -> &'static [FieldInfo] {
                match self {
                    $( Self::$variant => {
                        const KIND: &FieldKind = &<$codec as Codec>::FIELD;
                        const OWN: &[FieldInfo] = &[declare::field(Place::$place, $name, KIND, $doc)];
                        const FIELDS: &[FieldInfo] = declare::fields(Place::$place, KIND, OWN);
                        FIELDS
                    } )*
                    Self::Unknown(_) => &[],
                }
            }

            /// The shape of one object: of its field, of its entry in a list, or of the record `Spread`.
            pub(crate) const fn shape(self) -> FieldKind {
                match self {
                    $( Self::$variant => <$codec as Codec>::FIELD, )*
                    Self::Unknown(_) => FieldKind::Hex,
                }
            }

            /// Reads a value; `None` for kinds that are not declared.
            ///
            /// # Errors
            /// What the value should be.
            pub(super) fn decode(self, octets: &[u8]) -> Option<Result<Object, &'static str>> {
                match self {
                    $( Self::$variant => Some(<$codec as Codec>::decode(octets).map(Object::$variant)), )*
                    Self::Unknown(_) => None,
                }
            }

            /// The object of a field; `None` where the field says that there is none.
            ///
            /// # Errors
            /// A value of the wrong shape.
            pub(crate) fn read(self, cell: &Cell<'_>) -> Result<Option<Object>, FieldError> {
                let octets = match self {
                    $( Self::$variant => <$codec as Codec>::read(cell)?, )*
                    Self::Unknown(_) => None,
                };
                Ok(octets.map(|octets| Object::from_value(u16::from(self.code()), &octets)))
            }

            /// Where the parts of a value stand in its octets.
            pub(crate) fn parts(self, octets: &[u8]) -> Spans {
                match self {
                    $( Self::$variant => <$codec as Codec>::parts(octets), )*
                    Self::Unknown(_) => Spans::new(),
                }
            }

            /// Values to test with.
            #[cfg(test)]
            pub(crate) fn samples(self) -> Vec<Vec<u8>> {
                match self {
                    $( Self::$variant => <$codec as Codec>::samples(), )*
                    Self::Unknown(_) => Vec::new(),
                }
            }
        }

        impl Object {
            /// Its kind; `None` for [`Object::Unknown`].
            #[must_use]
            pub const fn kind(&self) -> Option<ObjectKind> {
                match self {
                    $( Self::$variant(_) => Some(ObjectKind::$variant), )*
                    Self::Unknown { .. } => None,
                }
            }

            /// Value octets.
            #[must_use]
            pub fn value(&self) -> Vec<u8> {
                match self {
                    $( Self::$variant(value) => <$codec as Codec>::encode(value), )*
                    Self::Unknown { value, .. } => value.clone(),
                }
            }

            /// Its field, or the entry in its list.
            pub(crate) fn write(&self) -> Value {
                match self {
                    $( Self::$variant(value) => <$codec as Codec>::write(value), )*
                    Self::Unknown { value, .. } => to_hex(value).into(),
                }
            }

            /// What is irregular in its value, without the place.
            pub(crate) fn irregular(&self) -> Option<Irregularity> {
                match self {
                    $( Self::$variant(value) => <$codec as Codec>::irregular(value), )*
                    Self::Unknown { .. } => None,
                }
            }
        }
    };
}
pub(super) use data_objects;
