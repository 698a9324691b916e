//! How values become columns and columns values: words as text, lists and objects as JSON, times as microseconds.

use serde::de::value::Error as WordError;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vwm_api::Timestamp;

use crate::db::{Column, Row};
use crate::{Result, StoreError};

/// A row whose columns are read by name and as what they mean.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'r>(pub(crate) &'r Row);

impl<'r> Columns<'r> {
    pub(crate) fn get<T: Column<'r>>(self, column: &str) -> Result<T> {
        Ok(self.0.try_get(column)?)
    }

    /// An id, in the type that the caller wants.
    pub(crate) fn id<T>(self, column: &str, make: fn(Uuid) -> T) -> Result<T> {
        Ok(make(self.get(column)?))
    }

    pub(crate) fn id_or_none<T>(self, column: &str, make: fn(Uuid) -> T) -> Result<Option<T>> {
        Ok(self.get::<Option<Uuid>>(column)?.map(make))
    }

    pub(crate) fn time(self, column: &str) -> Result<Timestamp> {
        Ok(Timestamp::from_micros(self.get(column)?))
    }

    pub(crate) fn time_or_none(self, column: &str) -> Result<Option<Timestamp>> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_micros))
    }

    /// A number that no code of ours stores as a negative one.
    pub(crate) fn natural<T: TryFrom<i64>>(self, column: &str) -> Result<T> {
        let number: i64 = self.get(column)?;
        T::try_from(number).map_err(|_| damaged(column, &format!("{number} is out of range")))
    }

    pub(crate) fn hash(self, column: &str) -> Result<[u8; 32]> {
        let bytes: &[u8] = self.get(column)?;
        bytes
            .try_into()
            .map_err(|_| damaged(column, "a hash has 32 bytes"))
    }

    /// An enum's variant by its name.
    pub(crate) fn word<T: Deserialize<'r>>(self, column: &str) -> Result<T> {
        word(column, self.get(column)?)
    }

    pub(crate) fn word_or_none<T: Deserialize<'r>>(self, column: &str) -> Result<Option<T>> {
        self.get::<Option<&str>>(column)?
            .map(|text| word(column, text))
            .transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(self, column: &str) -> Result<T> {
        parse(column, self.get(column)?)
    }

    pub(crate) fn json_or_none<T: DeserializeOwned>(self, column: &str) -> Result<Option<T>> {
        self.get::<Option<&str>>(column)?
            .map(|text| parse(column, text))
            .transpose()
    }
}

/// The JSON text of a value.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt {
        what: format!("a value has no JSON form: {error}"),
    })
}

fn word<'r, T: Deserialize<'r>>(column: &str, text: &'r str) -> Result<T> {
    let source = IntoDeserializer::<WordError>::into_deserializer(text);
    T::deserialize(source).map_err(|error| damaged(column, &error.to_string()))
}

fn parse<T: DeserializeOwned>(column: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| damaged(column, &error.to_string()))
}

fn damaged(column: &str, how: &str) -> StoreError {
    StoreError::Corrupt {
        what: format!("column {column}: {how}"),
    }
}
