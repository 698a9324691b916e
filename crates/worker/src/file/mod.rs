//! The worker file: workers in YAML or JSON, many in one, every fault at its place.

mod tree;

use std::collections::HashSet;
use std::io::Cursor;

use serde_saphyr::{RenderOptions, SnippetMode, Spanned};
use vwm_api::Fault;

use crate::draft::{Door, Draft};
use tree::{Place, Places, Tree};

/// A fault and where in a file it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {}", fault.message)]
pub struct FileFault {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: u64,
    /// What is wrong; its path is within the worker.
    pub fault: Fault,
}

/// Reads the workers of a file: one, several documents, or a list. Every fault of every document is told at once.
pub fn parse_file(name: &str, text: &str) -> Result<Vec<Draft>, Vec<FileFault>> {
    let mut reading = Reading {
        file: name,
        drafts: Vec::new(),
        faults: Vec::new(),
        names: HashSet::new(),
    };
    let mut source = Cursor::new(text);
    for document in serde_saphyr::read_with_options::<_, Spanned<Tree>>(&mut source, options()) {
        match document {
            Ok(Spanned {
                value: Tree::List(items),
                ..
            }) => {
                for item in items {
                    reading.worker(item);
                }
            }
            Ok(document) => reading.worker(document),
            Err(error) => reading.syntax(&error),
        }
    }
    reading.finish()
}

struct Reading<'a> {
    file: &'a str,
    drafts: Vec<Draft>,
    faults: Vec<FileFault>,
    names: HashSet<String>,
}

impl Reading<'_> {
    fn worker(&mut self, document: Spanned<Tree>) {
        let (value, places) = Places::of(document);
        match Draft::check(&value, Door::File) {
            Ok(draft) => {
                if !self.names.insert(draft.name().to_owned()) {
                    let message =
                        format!("the file has another worker {:?}; rename one", draft.name());
                    self.fault(
                        places.find("name", false),
                        Fault::new("name", "invalid_string", message),
                    );
                }
                self.drafts.push(draft);
            }
            Err(faults) => {
                for fault in faults {
                    let place = match fault.code.as_str() {
                        "required" if !fault.path.contains(['.', '[']) => places.start(),
                        code => places.find(&fault.path, code == "unknown_field"),
                    };
                    self.fault(place, fault);
                }
            }
        }
    }

    fn syntax(&mut self, error: &serde_saphyr::Error) {
        let code = if self.file.ends_with(".json") {
            "invalid_json"
        } else {
            "invalid_yaml"
        };
        let place = error
            .location()
            .map_or(Place { line: 1, column: 1 }, Place::from);
        self.fault(place, Fault::new("", code, sentence(error)));
    }

    fn fault(&mut self, place: Place, fault: Fault) {
        let Place { line, column } = place;
        let file = self.file.to_owned();
        self.faults.push(FileFault {
            file,
            line,
            column,
            fault,
        });
    }

    fn finish(mut self) -> Result<Vec<Draft>, Vec<FileFault>> {
        if self.drafts.is_empty() && self.faults.is_empty() {
            let message = "the file has no worker; write at least `name` and `cliType`";
            self.fault(
                Place { line: 1, column: 1 },
                Fault::new("", "required", message),
            );
        }
        self.faults.sort_by_key(|fault| (fault.line, fault.column));
        match self.faults.is_empty() {
            true => Ok(self.drafts),
            false => Err(self.faults),
        }
    }
}

/// What the parser says, without the place, which is told beside it.
fn sentence(error: &serde_saphyr::Error) -> String {
    if let serde_saphyr::Error::DuplicateMappingKey { key, .. } = error.without_snippet() {
        return match key {
            Some(key) => format!("`{key}` stands twice in one object; keep one"),
            None => "a field stands twice in one object; keep one".to_owned(),
        };
    }
    let mut plain = RenderOptions::default();
    plain.snippets = SnippetMode::Off;
    let rendered = error.render_with_options(plain);
    match rendered.rsplit_once(" at line ") {
        Some((sentence, _)) => sentence.to_owned(),
        None => rendered,
    }
}

/// Plain YAML 1.2 without its traps; what an alias can blow up is bounded.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 100_000,
            max_recorded_anchor_bytes: 512 * 1024,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 2_000,
        },
    }
}

#[cfg(test)]
mod tests {
    use vwm_api::RuntimeId;

    use super::*;
    use crate::{RuntimeRef, hash};

    fn told(name: &str, text: &str) -> String {
        let faults = parse_file(name, text).expect_err("the file has faults");
        let line = |f: &FileFault| format!("{f} [{} {}]", f.fault.code, f.fault.path);
        faults.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_file_may_have_many_workers() {
        let documents = "name: a\ncliType: claude-code\n---\n---\n# b\nname: b\ncliType: claude-code\nruntime: gpu\n";
        let list = r#"[{"name": "a", "cliType": "claude-code"},
	{"name": "b", "cliType": "claude-code", "runtime": "gpu"}]"#;
        let of_yaml = parse_file("team.yaml", documents).expect("two documents");
        assert_eq!(
            of_yaml.iter().map(Draft::name).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(of_yaml[1].runtime, RuntimeRef::Name("gpu".into()));
        assert_eq!(parse_file("team.json", list).expect("a list"), of_yaml);
    }

    #[test]
    fn every_fault_of_every_document_has_its_place() {
        let text = "\
name: bob
cliType: claude
timeout: 012
mcpServers:
  - name: web
    url: ftp://example.com
  - nmae: x
    url: https://example.com
---
name: eve
autoLearn: yes
---
name: eve
cliType: claude-code
name: twice
---
name: mallory
cliType: [claude-code
";
        insta::assert_snapshot!(told("team.yaml", text), @r#"
        team.yaml:2:10: `cliType` is "claude", and must be `claude-code` or `acp`; did you mean `claude-code`? [invalid_enum_value cliType]
        team.yaml:3:10: `timeout` must be a whole number, and is a string [invalid_type timeout]
        team.yaml:6:10: the address must start with `https://` or `http://` [invalid_string mcpServers[0].url]
        team.yaml:7:5: `name` is missing; say what the agent calls this server [required mcpServers[1].name]
        team.yaml:7:5: there is no field `nmae`; did you mean `name`? [unknown_field mcpServers[1].nmae]
        team.yaml:10:1: `cliType` is missing; name the engine: `claude-code`, `acp` [required cliType]
        team.yaml:11:12: `autoLearn` must be true or false, and is a string [invalid_type autoLearn]
        team.yaml:15:1: `name` stands twice in one object; keep one [invalid_yaml ]
        team.yaml:18:10: unclosed bracket '[' [invalid_yaml ]
        "#);
    }

    #[test]
    fn a_fault_in_json_has_its_place_too() {
        insta::assert_snapshot!(told("bob.json", "{\n  \"name\": \"bob\",\n  \"cliType\": 7\n}\n"), @"bob.json:3:14: `cliType` must be a string, and is a number; write it in quotes [invalid_type cliType]");
        insta::assert_snapshot!(told("bob.json", "{\n  \"name\": \"bob\",\n  \"name\": \"eve\"\n}\n"), @"bob.json:3:3: `name` stands twice in one object; keep one [invalid_json ]");
        insta::assert_snapshot!(told("bob.json", "{\n  \"name\": \"bob\"\n  \"cliType\": 7\n}\n"), @"bob.json:3:3: while parsing a flow mapping, did not find expected ',' or '}' [invalid_json ]");
    }

    #[test]
    fn two_workers_of_one_name_and_an_empty_file_are_faults() {
        let bob = "name: bob\ncliType: claude-code\n";
        insta::assert_snapshot!(told("bob.yaml", &format!("{bob}---\n{bob}")), @r#"bob.yaml:4:7: the file has another worker "bob"; rename one [invalid_string name]"#);
        insta::assert_snapshot!(told("empty.yaml", "# nothing\n"), @"empty.yaml:1:1: the file has no worker; write at least `name` and `cliType` [required ]");
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (before, name) in ('a'..'i').zip('b'..'j') {
            let ten = vec![format!("*{before}"); 10].join(", ");
            bomb += &format!("{name}: &{name} [{ten}]\n");
        }
        let faults = parse_file("bomb.yaml", &bomb).expect_err("it is refused");
        assert_eq!(faults[0].fault.code, "invalid_yaml");
    }

    #[test]
    fn neither_spelling_nor_order_nor_defaults_change_the_hash() {
        let spellings = [
            "name: bob\ncliType: claude-code\nagentMd: |\n  Be kind.\n  Be \"brief\" \u{1F600}.\nmodelConfig: {temperature: 1, model: m}\nenv: {A: '1', B: '2'}\n",
            "env: {B: \"2\", A: \"1\"}\nmodel: m\nmodelConfig:\n  temperature: 1.0\ninstructions: \"Be kind.\\nBe \\\"brief\\\" \u{1F600}.\\n\"\ncliType: 'claude-code'\nname: bob\ntimeout: 3600\nlocked: false\ndescription: ~\n",
            "{\"cliType\": \"claude-code\", \"timeout\": 3.6e3, \"name\": \"bob\", \"workerRepoBranch\": \"main\",\n\t\"agentMd\": \"Be kind.\\nBe \\\"brief\\\" \\uD83D\\uDE00.\\n\", \"approvals\": {\"mode\": \"auto\"},\n\t\"modelConfig\": {\"model\": \"m\", \"temperature\": 1.0e0}, \"env\": {\"A\": \"\\u0031\", \"B\": \"2\"}}",
        ];
        let id = RuntimeId(
            "01970000-0000-7000-8000-000000000000"
                .parse()
                .expect("an id"),
        );
        let hashes = spellings.map(|text| {
            let drafts = parse_file("bob", text).unwrap_or_else(|faults| panic!("{faults:#?}"));
            hash(&drafts[0].clone().resolve(id))
        });
        assert_eq!(hashes[0], hashes[1]);
        assert_eq!(hashes[0], hashes[2]);
        insta::assert_snapshot!(hashes[0], @"blake3:7190b2bc40054f0a369dad6302d36e3a7781f2490b5d2836e061ba5f9543dc4e");
        let other = parse_file("bob", &spellings[0].replace("'2'", "'3'")).expect("no fault");
        assert_ne!(hash(&other[0].clone().resolve(id)), hashes[0]);
    }
}
