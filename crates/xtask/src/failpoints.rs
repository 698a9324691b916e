//! The rule of the failpoints: each of the list is passed somewhere, and what is passed stands in the list, from which the tests take
//! those that they kill at.

use std::path::Path;

use anyhow::{Context, Result};

/// Where the list is.
pub(crate) const LIST: &str = "crates/failpoints/src/points.rs";
/// How a name is passed.
const CALLS: [&str; 2] = ["failpoints::pass(\"", "failpoints::fallible(\""];

/// Names what the list and the sources do not agree on.
pub(crate) fn check(root: &Path, sources: &[(String, String)]) -> Result<Vec<String>> {
    let list = root.join(LIST);
    let list = std::fs::read_to_string(&list)
        .with_context(|| format!("cannot read {}", list.display()))?;
    Ok(disagreements(&list, sources))
}

fn disagreements(list: &str, sources: &[(String, String)]) -> Vec<String> {
    // As rustfmt breaks its lines, or does not.
    let list = list.split_whitespace().collect::<Vec<_>>().join(" ");
    let list = list.replace("at( \"", "at(\"");
    let listed = quoted(&list, "at(\"");
    let passed: Vec<(&str, &str)> = sources
        .iter()
        .filter(|(file, _)| file.starts_with("crates/") && !file.starts_with("crates/xtask/"))
        .flat_map(|(file, text)| {
            let names = CALLS.iter().flat_map(|call| quoted(text, call));
            names.map(move |name| (file.as_str(), name))
        })
        .collect();
    let mut broken = Vec::new();
    for (file, name) in &passed {
        if !listed.contains(name) {
            broken.push(format!(
                "{file}: failpoint {name} is not in {LIST}; give it a line and a sentence there"
            ));
        }
    }
    for name in listed {
        let times = match name.strip_prefix("store.") {
            // The store's are known by their method.
            Some(rest) => {
                let method = rest.split('.').next().unwrap_or_default();
                let is_one = |text: &str| text.contains(&format!("pub async fn {method}("));
                let store = sources
                    .iter()
                    .filter(|(file, _)| file.starts_with("crates/store/src/"));
                store.filter(|(_, text)| is_one(text)).count()
            }
            None => passed.iter().filter(|(_, passed)| *passed == name).count(),
        };
        if times != 1 {
            broken.push(format!(
                "{LIST}: failpoint {name} is passed in {times} places; it needs one"
            ));
        }
    }
    broken
}

/// What stands in quotes behind a beginning that ends with the first of them.
fn quoted<'a>(text: &'a str, beginning: &str) -> Vec<&'a str> {
    let rests = text.split(beginning).skip(1);
    rests
        .filter_map(|rest| rest.split_once('"').map(|(name, _)| name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_that_nobody_passes_or_nobody_knows_is_told() {
        let list = r#"at("a.b", X, ""), at("a.c", X, ""), at("store.go.written", X, ""), at("store.no.written", X, "")"#;
        let source = |file: &str, text: &str| (file.to_owned(), text.to_owned());
        let sources = [
            source(
                "crates/a/src/lib.rs",
                r#"vwm_failpoints::pass("a.b"); vwm_failpoints::fallible("a.d")?;"#,
            ),
            source("crates/store/src/go.rs", "pub async fn go("),
        ];
        insta::assert_snapshot!(disagreements(list, &sources).join("\n"), @r"
        crates/a/src/lib.rs: failpoint a.d is not in crates/failpoints/src/points.rs; give it a line and a sentence there
        crates/failpoints/src/points.rs: failpoint a.c is passed in 0 places; it needs one
        crates/failpoints/src/points.rs: failpoint store.no.written is passed in 0 places; it needs one
        ");
    }
}
