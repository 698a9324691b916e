//! What can be bound to a query. A value that is none still has a type: PostgreSQL asks for it.

use uuid::Uuid;

/// One value of a query.
pub(crate) enum Value {
    Integer(Option<i64>),
    Real(Option<f64>),
    Bool(Option<bool>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Uuid(Option<Uuid>),
}

macro_rules! values {
    ($($from:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(Some(value.into()))
            }
        }

        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )+};
}

values! {
    i64 => Integer,
    u32 => Integer,
    f64 => Real,
    bool => Bool,
    String => Text,
    &String => Text,
    &str => Text,
    Vec<u8> => Bytes,
    &[u8] => Bytes,
    Uuid => Uuid,
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}
