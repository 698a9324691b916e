//! A walk through the fields of one JSON object, or of a query, that notes every fault it meets, so that all are told at once.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::{Map, Value};
use vwm_api::Fault;
use vwm_worker::nearest;

use crate::error::Error;

/// How many faults of one body are told: each takes many times the room of the bytes that it is about.
const FAULTS_MAX: usize = 1000;

/// The object at a path. Each field is asked for by name; in a body, what nobody asked for is a fault in the end.
pub(crate) struct Input {
    path: String,
    fields: Map<String, Value>,
    asked: Vec<&'static str>,
    faults: Vec<Fault>,
    is_query: bool,
    /// Of what is no object, nothing is said but that.
    is_object: bool,
}

impl Input {
    /// A JSON body.
    pub(crate) fn of_body(body: Value) -> Self {
        Self::at(String::new(), body)
    }

    /// The parameters of a query; unknown ones are ignored, as everywhere on the web.
    pub(crate) fn of_query(pairs: Vec<(String, String)>) -> Self {
        let fields = pairs
            .into_iter()
            .map(|(name, text)| (name, Value::from(text)));
        Self {
            is_query: true,
            ..Self::at(String::new(), Value::Object(fields.collect()))
        }
    }

    fn at(path: String, value: Value) -> Self {
        let mut faults = Vec::new();
        let is_object = value.is_object();
        let fields = match value {
            Value::Object(fields) => fields,
            other => {
                let what = if path.is_empty() { "the body" } else { &path };
                let message = format!("{what} must be an object, and is {}", kind(&other));
                faults.push(Fault::new(path.clone(), "invalid_type", message));
                Map::new()
            }
        };
        Self {
            path,
            fields,
            asked: Vec::new(),
            faults,
            is_query: false,
            is_object,
        }
    }

    /// Whether the field is there; null is as good as absent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// The field's value.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        self.fields
            .shift_remove(name)
            .filter(|value| !value.is_null())
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) if text.contains('\0') => self.nul(name),
            Value::String(text) => Some(text),
            other => self.wrong_type(name, "a string", &other),
        }
    }

    /// A string whose length in characters is in a range.
    pub(crate) fn sized(
        &mut self,
        name: &'static str,
        characters: RangeInclusive<usize>,
    ) -> Option<String> {
        let text = self.text(name)?;
        let has = text.chars().count();
        if has < *characters.start() {
            return self.fault(
                name,
                "too_short",
                format!("`{name}` is empty; give it a value"),
            );
        }
        if has > *characters.end() {
            let may = characters.end();
            let message = format!("`{name}` has {has} characters, and may have {may}; shorten it");
            return self.fault(name, "too_long", message);
        }
        Some(text)
    }

    /// Something that is written as a string, such as an id.
    pub(crate) fn parsed<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        match self.text(name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => self.fault(name, "invalid_string", format!("{error}")),
        }
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            Value::String(text) if self.is_query && text == "true" => Some(true),
            Value::String(text) if self.is_query && text == "false" => Some(false),
            other => self.wrong_type(name, "true or false", &other),
        }
    }

    /// A whole number in a range; `60.0` is one, too.
    pub(crate) fn whole(&mut self, name: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.take(name)?;
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.is_query => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            return self.wrong_type(name, "a whole number", &value);
        };
        if number.fract() != 0.0 {
            let message = format!("`{name}` must be a whole number, and is {number}");
            return self.fault(name, "invalid_type", message);
        }
        let (low, high) = (*range.start(), *range.end());
        if number < f64::from(low) || number > f64::from(high) {
            let message = format!("`{name}` must be from {low} to {high}, and is {number}");
            return self.fault(name, "out_of_range", message);
        }
        Some(number as u32)
    }

    /// One of some names.
    pub(crate) fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        values: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(name)?;
        let found = values.iter().find(|(value, _)| *value == text);
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let names: Vec<_> = values.iter().map(|(value, _)| *value).collect();
        let message = format!("`{name}` is {text:?}, and must be {}", names.join(" or "));
        self.fault(name, "invalid_enum_value", message)
    }

    /// A list of strings; empty where there is none.
    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let items = match self.take(name) {
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.wrong_type::<()>(name, "a list of strings", &other);
                Vec::new()
            }
            None => Vec::new(),
        };
        let mut texts = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            if self.is_full() {
                break;
            }
            match item {
                Value::String(text) if text.contains('\0') => {
                    self.nul::<()>(&format!("{name}[{index}]"));
                }
                Value::String(text) => texts.push(text),
                other => {
                    self.wrong_type::<()>(&format!("{name}[{index}]"), "a string", &other);
                }
            }
        }
        texts
    }

    /// An object inside this one; it is read by itself and then given back to `close_part`.
    pub(crate) fn part(&mut self, name: &'static str) -> Option<Self> {
        let value = self.take(name)?;
        Some(Self::at(self.place(name), value))
    }

    /// Takes over the faults of a part.
    pub(crate) fn close_part(&mut self, part: Self) {
        self.faults.extend(part.all_faults());
    }

    /// Notes that a field is missing, where it is.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        if self.has(name) {
            return read(self, name);
        }
        self.asked.push(name);
        let message = match self.fields.shift_remove(name) {
            Some(_) => format!("`{name}` is null; give it a value"),
            None => format!("`{name}` is missing"),
        };
        self.fault(name, "required", message)
    }

    /// Notes a fault of a field.
    pub(crate) fn fault<T>(
        &mut self,
        name: &str,
        code: &str,
        message: impl Into<String>,
    ) -> Option<T> {
        if self.is_object && !self.is_full() {
            self.faults
                .push(Fault::new(self.place(name), code, message));
        }
        None
    }

    fn is_full(&self) -> bool {
        self.faults.len() >= FAULTS_MAX
    }

    /// Notes that a list or an object has too many entries, where it has.
    pub(crate) fn bounded(&mut self, name: &str, has: usize, may: usize) {
        if has > may {
            let message = format!("`{name}` has {has} entries, and may have {may}; leave some out");
            self.fault::<()>(name, "too_long", message);
        }
    }

    /// Notes a fault that another check found.
    pub(crate) fn push(&mut self, fault: Option<Fault>) {
        self.faults.extend(fault);
    }

    /// The path of a field.
    pub(crate) fn place(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    /// Ends the walk: fails with every fault, if there is one.
    pub(crate) fn close(self) -> Result<(), Error> {
        let faults = self.all_faults();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Validation(faults))
        }
    }

    fn all_faults(mut self) -> Vec<Fault> {
        if self.is_query {
            return self.faults;
        }
        for name in std::mem::take(&mut self.fields).keys() {
            if self.is_full() {
                break;
            }
            let message = match nearest(name, &self.asked) {
                Some(near) => format!("there is no field `{name}`; did you mean `{near}`?"),
                None => format!("there is no field `{name}`; leave it out"),
            };
            self.fault::<()>(name, "unknown_field", message);
        }
        self.faults
    }

    /// Not every database can hold one, and nobody means one.
    fn nul<T>(&mut self, name: &str) -> Option<T> {
        let message = format!("`{name}` has a NUL character; leave it out");
        self.fault(name, "invalid_string", message)
    }

    /// Notes that a field is something else than it must be.
    pub(crate) fn wrong_type<T>(&mut self, name: &str, wanted: &str, is: &Value) -> Option<T> {
        let is = match is {
            Value::String(text) if self.is_query => format!("{text:?}"),
            other => kind(other).to_owned(),
        };
        self.fault(
            name,
            "invalid_type",
            format!("`{name}` must be {wanted}, and is {is}"),
        )
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fault_is_told_at_once_with_its_place() {
        let mut input = Input::of_body(json!({
            "name": "", "count": 7.5, "mode": "fast", "tags": ["a", 1], "part": {"colour": 1, "size": "x"}, "tiemout": 1,
        }));
        assert_eq!(input.sized("name", 1..=3), None);
        assert_eq!(input.whole("count", 1..=9), None);
        assert_eq!(input.one_of("mode", &[("slow", ()), ("slower", ())]), None);
        assert_eq!(input.texts("tags"), ["a"]);
        let mut part = input.part("part").expect("there is one");
        assert_eq!(part.boolean("size"), None);
        input.close_part(part);
        assert_eq!(input.required("url", Input::text), None);
        assert_eq!(input.whole("timeout", 1..=9), None);
        let Err(Error::Validation(faults)) = input.close() else {
            panic!("it has faults");
        };
        let line = |fault: &Fault| format!("{} [{}] {}", fault.path, fault.code, fault.message);
        let lines: Vec<_> = faults.iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        name [too_short] `name` is empty; give it a value
        count [invalid_type] `count` must be a whole number, and is 7.5
        mode [invalid_enum_value] `mode` is "fast", and must be slow or slower
        tags[1] [invalid_type] `tags[1]` must be a string, and is a number
        part.size [invalid_type] `size` must be true or false, and is a string
        part.colour [unknown_field] there is no field `colour`; leave it out
        url [required] `url` is missing
        tiemout [unknown_field] there is no field `tiemout`; did you mean `timeout`?
        "#);
    }

    #[test]
    fn of_countless_faults_the_first_thousand_are_told() {
        let mut body: Map<String, Value> = (0..2000).map(|n| (format!("x{n}"), json!(1))).collect();
        body.insert("tags".into(), vec![1; 2000].into());
        let mut input = Input::of_body(body.clone().into());
        assert!(input.texts("tags").is_empty());
        let mut unknown = Input::of_body(body.into());
        unknown.take("tags");
        for (input, first) in [(input, "tags[0]"), (unknown, "x0")] {
            let Err(Error::Validation(faults)) = input.close() else {
                panic!("it has faults");
            };
            assert_eq!((faults.len(), faults[0].path.as_str()), (FAULTS_MAX, first));
        }
    }

    #[test]
    fn a_query_is_text_and_may_say_more_than_is_asked() {
        let pairs = [("wait", "true"), ("limit", "20"), ("x", "y")];
        let pairs = pairs.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let mut query = Input::of_query(pairs.into());
        assert_eq!(query.boolean("wait"), Some(true));
        assert_eq!(query.whole("limit", 1..=50), Some(20));
        assert_eq!(query.text("cursor"), None);
        query.close().expect("no fault");
    }
}
