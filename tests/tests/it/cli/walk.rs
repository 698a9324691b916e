//! What the documents let a newcomer type: every line as it stands, in an empty home and without a key.

use vwm_tests::{Document, types};

#[tokio::test]
async fn the_readmes_lines_make_a_worker_that_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = Document::read("README.md")
        .below("## A worker of your own")
        .lines()
        .replace("cargo build --release\n", "")
        .replace("export PATH=\"$PWD/target/release:$PATH\"\n", "");
    let said = types(folder.path(), &lines).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    for part in ["Done: see health.txt.", "health.txt | 1 +", "bob     ended"] {
        assert!(said.out.contains(part), "{part:?}:\n{}", said.out);
    }
    let server = folder.path().join("try/data/server.json");
    assert!(!server.exists(), "the server is stopped");
}

#[tokio::test]
async fn the_examples_lines_make_a_bob_who_learns_and_then_knows() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = Document::read("examples/bob/README.md").below("## A Bob of your own");
    let said = types(folder.path(), &lines.lines()).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let mut rest = said.out.as_str();
    for part in [
        "worker bob created",
        "A plain answer it is.",
        "Learnings of session ID",
        "+title: The harbour's monitor wants plain text",
        "> The harbour's monitor cannot read JSON: health and readiness answer in plain text.",
        "Done and committed: see `ready.txt`.",
    ] {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no {part:?} in\n{}\n{}", said.out, said.err)
        };
        rest = after;
    }
    for part in [
        "learned: worker_repo/learnings/session-ID.md, for review",
        "This session taught nothing that my knowledge base does not say already",
    ] {
        assert!(said.err.contains(part), "{part:?}:\n{}", said.err);
    }
}
