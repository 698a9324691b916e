//! What only a cluster reads of a runtime: checked as Kubernetes writes it, kept, and named as what has no effect on this machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use vwm_api::{NewRuntime, Warning};

use super::warnings::not_yet;
use crate::input::Input;

/// How many entries a list or an object may have.
const ENTRIES: usize = 100;
/// The longest name that Kubernetes knows: a DNS name, a slash and a label.
const NAME_MAX: usize = 253 + 1 + 63;
/// The longest label.
const LABEL_MAX: usize = 63;
/// The longest quantity.
const QUANTITY_MAX: usize = 40;
/// The longest DNS name.
const DNS_MAX: usize = 253;

/// Names each field that is there and has no effect.
pub(super) fn warnings(runtime: &NewRuntime) -> Vec<Warning> {
    let fields = [
        ("resources", runtime.resources.is_some()),
        ("nodeSelector", !runtime.node_selector.is_empty()),
        ("tolerations", !runtime.tolerations.is_empty()),
        ("runtimeClass", runtime.runtime_class.is_some()),
    ];
    let present = fields.into_iter().filter(|(_, is_there)| *is_there);
    let warn = |(path, _)| {
        let message = format!(
            "the local backend runs jobs as processes of this machine and does not act on `{path}`; it is kept for a cluster"
        );
        not_yet(path, &message)
    };
    present.map(warn).collect()
}

/// `{requests, limits}`, each an object of quantities.
pub(super) fn resources(input: &mut Input) -> Option<Map<String, Value>> {
    let mut part = input.part("resources")?;
    let mut resources = Map::new();
    for name in ["requests", "limits"] {
        let quantities = entries(&mut part, name);
        for (resource, quantity) in &quantities {
            let place = format!("{name}.{resource}");
            match quantity {
                Value::String(text) if is_quantity(text) => {}
                Value::Number(number) if number.as_f64().is_some_and(|it| it >= 0.0) => {}
                Value::String(_) | Value::Number(_) => {
                    let message = "give a quantity such as 2, \"500m\" or \"4Gi\"";
                    part.fault::<()>(&place, "invalid_string", message);
                }
                other => {
                    part.wrong_type::<()>(&place, "a quantity such as 2 or \"500m\"", other);
                }
            }
        }
        if !quantities.is_empty() {
            resources.insert(name.to_owned(), Value::Object(quantities));
        }
    }
    input.close_part(part);
    (!resources.is_empty()).then_some(resources)
}

/// An object of labels.
pub(super) fn node_selector(input: &mut Input) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (name, value) in entries(input, "nodeSelector") {
        let place = format!("nodeSelector.{name}");
        match value {
            Value::String(label) if label.chars().count() <= LABEL_MAX => {
                labels.insert(name, label);
            }
            Value::String(_) => {
                let message = format!("a label has at most {LABEL_MAX} characters; shorten it");
                input.fault::<()>(&place, "too_long", message);
            }
            other => {
                input.wrong_type::<()>(&place, "a string", &other);
            }
        }
    }
    labels
}

/// A list of flat objects.
pub(super) fn tolerations(input: &mut Input) -> Vec<Map<String, Value>> {
    const NAME: &str = "tolerations";
    let items = match input.take(NAME) {
        Some(Value::Array(items)) => items,
        Some(other) => {
            input.wrong_type::<()>(NAME, "a list of objects", &other);
            Vec::new()
        }
        None => Vec::new(),
    };
    input.bounded(NAME, items.len(), ENTRIES);
    let mut tolerations = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let place = format!("{NAME}[{index}]");
        let Value::Object(fields) = item else {
            input.wrong_type::<()>(&place, "an object", &item);
            continue;
        };
        check_names(input, &place, &fields);
        for (name, value) in &fields {
            let place = format!("{place}.{name}");
            match value {
                Value::String(text) if text.chars().count() > NAME_MAX => {
                    let message = format!("it has at most {NAME_MAX} characters; shorten it");
                    input.fault::<()>(&place, "too_long", message);
                }
                Value::String(_) | Value::Number(_) => {}
                other => {
                    input.wrong_type::<()>(&place, "a string or a number", other);
                }
            }
        }
        tolerations.push(fields);
    }
    tolerations
}

/// A name such as `gvisor`.
pub(super) fn runtime_class(input: &mut Input) -> Option<String> {
    const NAME: &str = "runtimeClass";
    let class = input.sized(NAME, 1..=DNS_MAX)?;
    if !is_dns_name(&class) {
        let message = "use lower-case letters, digits, `-` and `.`, such as gvisor; each part begins and ends with a letter or a digit";
        return input.fault(NAME, "invalid_string", message);
    }
    Some(class)
}

/// An object that is anybody's; empty where there is none.
fn entries(input: &mut Input, name: &'static str) -> Map<String, Value> {
    match input.take(name) {
        Some(Value::Object(entries)) => {
            check_names(input, name, &entries);
            entries
        }
        Some(other) => {
            input.wrong_type::<()>(name, "an object", &other);
            Map::new()
        }
        None => Map::new(),
    }
}

fn check_names(input: &mut Input, place: &str, entries: &Map<String, Value>) {
    input.bounded(place, entries.len(), ENTRIES);
    if entries.keys().any(String::is_empty) {
        input.fault::<()>(place, "too_short", "a name in it is empty; give it one");
    }
    if entries.keys().any(|name| name.chars().count() > NAME_MAX) {
        let message = format!("a name in it has more than {NAME_MAX} characters; shorten it");
        input.fault::<()>(place, "too_long", message);
    }
}

/// Digits, perhaps with a point, and a unit or an exponent.
fn is_quantity(text: &str) -> bool {
    const UNITS: [&str; 15] = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi",
    ];
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let is_exponent = || {
        let exponent = unit.strip_prefix(['e', 'E']).unwrap_or_default();
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        (1..=3).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit())
    };
    let is_number = text.len() <= QUANTITY_MAX && number.parse::<f64>().is_ok();
    is_number && (UNITS.contains(&unit) || unit == "Ei" || is_exponent())
}

fn is_dns_name(text: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.split('.').all(|part| {
        is_edge(part.chars().next())
            && is_edge(part.chars().next_back())
            && part.chars().all(|c| c == '-' || is_edge(Some(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_what_kubernetes_takes_for_one() {
        for good in [
            "1",
            "0.5",
            "500m",
            "4Gi",
            "1e3",
            "12E",
            "2E-3",
            "128974848",
            "1Ei",
        ] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in [
            "", ".", "m", "-1", "1 Gi", "1gi", "1e", "inf", "NaN", "1.2.3", "1Gib", "٣",
        ] {
            assert!(!is_quantity(bad), "{bad}");
        }
    }

    #[test]
    fn a_runtime_class_is_a_dns_name() {
        for good in ["gvisor", "a", "kata-qemu.v2", "0"] {
            assert!(is_dns_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a..b", "a_b", ".a", "a b"] {
            assert!(!is_dns_name(bad), "{bad}");
        }
    }
}
