//! A walk through the fields of one JSON object that writes down every fault it meets.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use vwm_api::Fault;

use super::near;

/// How many unknown fields of an object are told: each takes many times the room of its name.
const UNKNOWN_MAX: usize = 1000;

/// The object at a path. Each field is asked for by name; what was never asked for is unknown in the end.
pub(super) struct Fields<'v, 'f> {
    object: &'v Map<String, Value>,
    path: String,
    asked: Vec<&'static str>,
    faults: &'f mut Vec<Fault>,
}

impl<'v, 'f> Fields<'v, 'f> {
    /// Opens an object, or writes down that it is none.
    pub(super) fn open(value: &'v Value, path: &str, faults: &'f mut Vec<Fault>) -> Option<Self> {
        let Value::Object(object) = value else {
            faults.push(not_an_object(path, value));
            return None;
        };
        let path = path.to_owned();
        let asked = Vec::new();
        Some(Self {
            object,
            path,
            asked,
            faults,
        })
    }

    /// The faults so far, for what reads a part by itself.
    pub(super) fn faults(&mut self) -> &mut Vec<Fault> {
        self.faults
    }

    /// The path of a field.
    pub(super) fn path(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// Writes down a fault of a field.
    pub(super) fn fault(&mut self, name: &str, code: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(self.path(name), code, message));
    }

    /// Writes down that a field is missing.
    pub(super) fn missing(&mut self, name: &str, what: &str) {
        self.fault(name, "required", format!("`{name}` is missing; {what}"));
    }

    /// The field's value; null is as good as absent.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'v Value> {
        self.asked.push(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// A string.
    pub(super) fn text(&mut self, name: &'static str) -> Option<&'v str> {
        let value = self.take(name)?;
        self.as_text(name, value)
    }

    /// A string whose length in bytes is in a range.
    pub(super) fn sized(
        &mut self,
        name: &'static str,
        bytes: RangeInclusive<usize>,
    ) -> Option<&'v str> {
        let text = self.text(name)?;
        if text.len() < *bytes.start() {
            self.fault(
                name,
                "too_short",
                format!("`{name}` is empty; give it a value, or leave it out"),
            );
            return None;
        }
        if text.len() > *bytes.end() {
            let (has, may) = (text.len(), bytes.end());
            let message = format!("`{name}` has {has} bytes, and may have {may}; shorten it");
            self.fault(name, "too_long", message);
            return None;
        }
        Some(text)
    }

    /// True or false.
    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let value = self.take(name)?;
        if !value.is_boolean() {
            self.wrong_type(name, value, "true or false");
        }
        value.as_bool()
    }

    /// A whole number in a range; `60.0` is one, too.
    pub(super) fn whole(&mut self, name: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.take(name)?;
        let Some(number) = value.as_f64() else {
            self.wrong_type(name, value, "a whole number");
            return None;
        };
        if number.fract() != 0.0 {
            self.fault(
                name,
                "invalid_type",
                format!("`{name}` must be a whole number, and is {number}"),
            );
            return None;
        }
        let (low, high) = (*range.start(), *range.end());
        if number < f64::from(low) || number > f64::from(high) {
            self.fault(
                name,
                "out_of_range",
                format!("`{name}` must be from {low} to {high}, and is {number}"),
            );
            return None;
        }
        Some(number as u32)
    }

    /// A number in a range.
    pub(super) fn number(&mut self, name: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let value = self.take(name)?;
        let Some(number) = value.as_f64() else {
            self.wrong_type(name, value, "a number");
            return None;
        };
        if !range.contains(&number) {
            let (low, high) = (range.start(), range.end());
            self.fault(
                name,
                "out_of_range",
                format!("`{name}` must be from {low} to {high}, and is {number}"),
            );
            return None;
        }
        Some(number)
    }

    /// One of some names.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        values: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(name)?;
        let found = values.iter().find(|(value, _)| *value == text);
        if found.is_none() {
            let names: Vec<_> = values.iter().map(|(value, _)| *value).collect();
            let message = format!(
                "`{name}` is {text:?}, and must be {}",
                near::choice(text, &names)
            );
            self.fault(name, "invalid_enum_value", message);
        }
        found.map(|(_, value)| *value)
    }

    /// A list.
    pub(super) fn list(&mut self, name: &'static str) -> &'v [Value] {
        match self.take(name) {
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.wrong_type(name, other, "a list");
                &[]
            }
            None => &[],
        }
    }

    /// A list of strings.
    pub(super) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.list(name).iter().enumerate() {
            texts.extend(self.as_text(&at(name, index), item).map(str::to_owned));
        }
        texts
    }

    /// Names and strings.
    pub(super) fn map(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        match self.take(name) {
            Some(Value::Object(entries)) => {
                for (key, value) in entries {
                    if let Some(text) = self.as_text(&join(name, key), value) {
                        map.insert(key.clone(), text.to_owned());
                    }
                }
            }
            Some(other) => self.wrong_type(name, other, "an object of names and strings"),
            None => {}
        }
        map
    }

    /// Writes down every field that nobody asked for.
    pub(super) fn close(self) {
        for name in self
            .object
            .keys()
            .filter(|name| !self.asked.contains(&name.as_str()))
            .take(UNKNOWN_MAX)
        {
            let place = join(&self.path, name);
            let message = match near::nearest(name, &self.asked) {
                Some(near) => format!("there is no field `{name}`; did you mean `{near}`?"),
                None => format!("there is no field `{name}`; leave it out"),
            };
            self.faults
                .push(Fault::new(place, "unknown_field", message));
        }
    }

    fn as_text(&mut self, name: &str, value: &'v Value) -> Option<&'v str> {
        match value {
            Value::String(text) if text.contains('\0') => {
                self.fault(
                    name,
                    "invalid_string",
                    "a NUL character cannot be passed on; take it out",
                );
                None
            }
            Value::String(text) => Some(text),
            other => {
                self.wrong_type(name, other, "a string");
                None
            }
        }
    }

    fn wrong_type(&mut self, name: &str, value: &Value, wanted: &str) {
        let quotes = match value {
            Value::Number(_) | Value::Bool(_) if wanted == "a string" => "; write it in quotes",
            _ => "",
        };
        let is = kind(value);
        self.fault(
            name,
            "invalid_type",
            format!("`{name}` must be {wanted}, and is {is}{quotes}"),
        );
    }
}

/// The fault of what should be an object and is none.
pub(crate) fn not_an_object(path: &str, value: &Value) -> Fault {
    let what = if path.is_empty() { "a worker" } else { path };
    let message = format!("{what} must be an object of fields, and is {}", kind(value));
    Fault::new(path, "invalid_type", message)
}

/// The path of a field in an object.
pub(crate) fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    }
}

/// The path of an item in a list.
pub(crate) fn at(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
