//! What the documents let a newcomer type: every line as it stands, in an empty home and without a key.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use vwm_tests::{Said, claude_code, vwm};

/// The shell lines below this heading, without those for somebody who has a key.
fn lines(document: &str, heading: &str) -> String {
    let path = root().join(document);
    let text = fs::read_to_string(&path).expect("the document is there");
    let (_, section) = text.split_once(heading).expect("it has the heading");
    let blocks = section.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap_or_default())
        .filter(|block| !block.contains("API_KEY=…"))
        .collect()
}

fn root() -> &'static Path {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("the tests are a folder of the repository")
}

/// Types the lines at the root of what a newcomer cloned. Only the ports are others, because tests run side by side.
async fn types(folder: &Path, lines: &str) -> Said {
    let examples = Command::new("cp")
        .arg("-r")
        .arg(root().join("examples"))
        .arg(folder)
        .status();
    assert!(examples.is_ok_and(|status| status.success()));
    let free = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = free.local_addr().expect("it has an address").port();
    drop(free);
    let lines = lines.replace("127.0.0.1:8900", &format!("127.0.0.1:{port}"));
    // Also where a line fails nothing stays behind.
    let trap = "trap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT";
    let script = format!("set -euo pipefail\n{trap}\n{lines}\nwait || true\n");
    let engines = claude_code();
    let engines = engines.ancestors().find(|path| path.ends_with("engines"));
    let programs = vwm().parent().expect("a program is in a folder").display();
    let home = folder.join("home");
    fs::create_dir(&home).expect("an empty home");
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .env_clear()
        .env("PATH", format!("{programs}:/usr/local/bin:/usr/bin:/bin"))
        .env("HOME", home)
        .env("VWM_ENGINES_DIR", engines.expect("engines lie together"))
        .env("VWM_LISTEN", "127.0.0.1:0")
        .current_dir(folder);
    Said::by(command).await
}

#[tokio::test]
async fn the_readmes_lines_make_a_worker_that_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = lines("README.md", "## A worker of your own")
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
    let lines = lines("examples/bob/README.md", "## A Bob of your own");
    let said = types(folder.path(), &lines).await;
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
