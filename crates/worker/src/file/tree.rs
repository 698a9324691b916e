//! A YAML document as JSON that knows where each of its values stands.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Spanned};

use crate::read::{at, join};

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let (line, column) = (location.line().max(1), location.column().max(1));
        Self { line, column }
    }
}

/// A node of a document.
pub(super) enum Tree {
    /// Null, a boolean, a number or a string.
    Leaf(Value),
    /// A list.
    List(Vec<Spanned<Tree>>),
    /// An object.
    Object(Vec<(Spanned<String>, Spanned<Tree>)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value that JSON can have")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Tree, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("JSON has no such number"))?;
        Ok(Tree::Leaf(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Tree::Object(object))
    }
}

/// Where the keys and values of one worker stand, by their paths.
pub(super) struct Places {
    start: Place,
    keys: HashMap<String, Place>,
    values: HashMap<String, Place>,
}

impl Places {
    /// Turns a document into JSON and its places.
    pub(super) fn of(document: Spanned<Tree>) -> (Value, Self) {
        let mut places = Self {
            start: document.referenced.into(),
            keys: HashMap::new(),
            values: HashMap::new(),
        };
        let value = places.walk(document.value, "");
        (value, places)
    }

    /// Where a worker starts.
    pub(super) fn start(&self) -> Place {
        self.start
    }

    /// Where a path stands, or else the nearest thing around it that stands somewhere.
    pub(super) fn find(&self, path: &str, at_key: bool) -> Place {
        if at_key && let Some(place) = self.keys.get(path) {
            return *place;
        }
        let mut path = path;
        loop {
            if let Some(place) = self.values.get(path) {
                return *place;
            }
            let Some(cut) = path.rfind(['.', '[']) else {
                return self.start;
            };
            path = &path[..cut];
        }
    }

    fn walk(&mut self, tree: Tree, path: &str) -> Value {
        match tree {
            Tree::Leaf(value) => value,
            Tree::List(items) => {
                let mut list = Vec::new();
                for (index, item) in items.into_iter().enumerate() {
                    let path = at(path, index);
                    self.values.insert(path.clone(), item.referenced.into());
                    list.push(self.walk(item.value, &path));
                }
                Value::Array(list)
            }
            Tree::Object(entries) => {
                let mut object = Map::new();
                for (key, entry) in entries {
                    let path = join(path, &key.value);
                    self.keys.insert(path.clone(), key.referenced.into());
                    self.values.insert(path.clone(), entry.referenced.into());
                    let value = self.walk(entry.value, &path);
                    object.insert(key.value, value);
                }
                Value::Object(object)
            }
        }
    }
}
