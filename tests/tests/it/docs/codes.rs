//! Every code and every variable that the program knows is documented, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use vwm_api::{AgentEvent, Fault, SessionStatus, TurnError, TurnStatus, Warning};
use vwm_tests::{Document, repository};

/// What the table below a heading lists.
fn listed(path: &str, heading: &str) -> BTreeSet<String> {
    let part = Document::read(path).below(&format!("\n## {heading}\n"));
    let part = part.text().split("\n## ").next().unwrap_or_default();
    Document::of(part).first_column().into_iter().collect()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    let names: BTreeSet<_> = names.into_iter().map(str::to_owned).collect();
    assert_eq!(names.len(), N, "one stands twice");
    names
}

#[test]
fn every_code_is_in_the_reference_and_no_other() {
    let codes = |heading| listed("docs/reference/errors.md", heading);
    assert_eq!(codes("Faults"), names(Fault::CODES));
    assert_eq!(codes("Warnings"), names(Warning::CODES));
    let statuses = SessionStatus::ALL.map(SessionStatus::as_str);
    assert_eq!(codes("Statuses of a session"), names(statuses));
    let statuses = TurnStatus::ALL.map(TurnStatus::as_str);
    assert_eq!(codes("Statuses of a request"), names(statuses));
    let of_turns = codes("Codes of a request that did not complete");
    assert_eq!(of_turns, names(TurnError::CODES));
    assert_eq!(codes("Notices"), names(AgentEvent::NOTICES));
}

/// What stands in the sources below a folder, tests left out.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "tests" {
            text += &sources(&path);
        } else if name != "tests.rs" && path.extension().is_some_and(|it| it == "rs") {
            let file = fs::read_to_string(&path).expect("it is text");
            text += file.split("#[cfg(test)]").next().unwrap_or_default();
        }
    }
    text
}

/// The sources of these crates.
fn of_crates(crates: &[&str]) -> String {
    let folders = crates.iter().map(|name| format!("crates/{name}/src"));
    folders.map(|it| sources(&repository().join(it))).collect()
}

#[test]
fn every_code_that_is_listed_is_used() {
    let text = of_crates(&["harness", "server", "store", "worker"]);
    let of_input = Fault::CODES.into_iter().chain(Warning::CODES);
    let of_turns = TurnError::CODES.into_iter().chain(AgentEvent::NOTICES);
    for code in of_input.chain(of_turns) {
        assert!(text.contains(&format!("\"{code}\"")), "nothing says {code}");
    }
}

/// The variables of ours that a text names: `after` stands before each.
fn variables(text: &str, after: &str) -> BTreeSet<String> {
    let begin = format!("{after}VWM_");
    let parts = text.split(&begin).skip(1);
    let is_name = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let names = parts.map(|part| part.split(|it: char| !is_name(it)).next());
    names.flatten().map(|name| format!("VWM_{name}")).collect()
}

#[test]
fn every_variable_that_is_read_is_in_the_operators_manual_and_no_other() {
    let manual = Document::read("docs/operations.md");
    let part = manual.below("## Settings");
    let part = part.text().split("\n## ").next().unwrap_or_default();
    let mut server = sources(&repository().join("crates/server/src/config"));
    server += &of_crates(&["vwm"]);
    assert_eq!(variables(part, "`"), variables(&server, "\""));
}
