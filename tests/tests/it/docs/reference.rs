//! The reference says what the program says: it is written anew where it does not.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use vwm_tests::{Document, Said, events, repository, rest, vwm};

/// Compares a page with what it must be, and writes it anew where it differs.
fn is_written(path: &str, wanted: &str) {
    let file = repository().join(path);
    if fs::read_to_string(&file).unwrap_or_default() != wanted {
        fs::write(&file, wanted).expect("the page can be written");
        panic!("{path} was out of date and is written anew: look at the difference and commit it");
    }
}

fn document() -> Value {
    let file = repository().join("clients/openapi.json");
    let text = fs::read_to_string(file).expect("the document is there");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn the_reference_of_the_api_is_that_of_the_document() {
    is_written("docs/reference/rest.md", &rest(&document()));
}

#[tokio::test]
async fn the_reference_of_the_command_line_is_what_the_program_prints() {
    let mut command = Command::new(vwm());
    command.arg("reference").env_clear();
    let said = Said::by(command).await;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    is_written("docs/reference/cli.md", &said.out);
}

#[test]
fn every_type_of_event_has_an_example() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let variants = schemas["Event"]["oneOf"].as_array().expect("variants");
    let names = variants.iter().map(|variant| {
        let name = variant["$ref"]
            .as_str()
            .and_then(|it| it.rsplit('/').next());
        let schema = &schemas[name.expect("a variant is named")];
        schema["properties"]["type"]["enum"][0].clone()
    });
    let shown = events()
        .into_iter()
        .map(|event| serde_json::to_value(event).expect("it is JSON")["type"].clone());
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let names: BTreeSet<_> = names.map(text).collect();
    assert_eq!(shown.map(text).collect::<BTreeSet<_>>(), names);
}

#[test]
fn every_call_and_every_object_has_its_place_and_every_link_leads_there() {
    let document = document();
    let page = rest(&document);
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("calls").keys() {
            let heading = format!("\n### {} {path}\n", method.to_uppercase());
            assert_eq!(page.matches(&heading).count(), 1, "{heading}");
        }
    }
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    let headings = headings.map(|line| line.trim_start_matches(['#', ' ']).to_lowercase());
    let headings: BTreeSet<_> = headings.collect();
    for link in page.split("](#").skip(1) {
        let name = link.split(')').next().unwrap_or_default();
        assert!(headings.contains(name), "nothing is at #{name}");
    }
}

#[test]
fn what_the_operators_manual_says_is_not_there_is_not_there() {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    // The names of what stands in a path differ.
    let plain = |path: &str| {
        let words = path.split('/');
        let words = words.map(|it| if it.starts_with([':', '{']) { "{}" } else { it });
        words.collect::<Vec<_>>().join("/")
    };
    let paths: BTreeSet<_> = paths.keys().map(|path| plain(path)).collect();
    let manual = Document::read("docs/operations.md").below("## What is not there yet\n");
    let part = manual.text().split("\n## ").next().unwrap_or_default();
    let calls = part.split('`').skip(1).step_by(2);
    let calls = calls.filter_map(|call| Some(plain(&call[call.find('/')?..])));
    let calls: Vec<_> = calls.filter(|call| !call.ends_with(".md")).collect();
    assert!(
        calls.contains(&"/sessions/{}/approvals".to_owned()),
        "{calls:?}"
    );
    for call in calls {
        assert!(!paths.contains(&call), "{call} is there");
    }
}
