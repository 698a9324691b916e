//! Somebody new who types what a document says: every line as it stands, in an empty home and without a key.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::{Said, claude_code, vwm};

/// A document of the repository, or a part of one.
pub struct Document(String);

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What its first line says that it is: `sh`, `json`, `text`.
    pub language: String,
    /// What it holds.
    pub text: String,
}

impl Document {
    /// Reads a document, by its path in the repository.
    #[must_use]
    pub fn read(path: &str) -> Self {
        Self(fs::read_to_string(repository().join(path)).expect("the document is there"))
    }

    /// A text as a document.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What stands below this heading or sentence, to the end.
    #[must_use]
    pub fn below(&self, heading: &str) -> Self {
        let (_, section) = self.0.split_once(heading).expect("it has the heading");
        Self(section.to_owned())
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Every fenced block but those for somebody who has a key.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let fences = self.0.split("\n```").skip(1).step_by(2);
        let blocks = fences.filter_map(|fence| {
            let (language, text) = fence.split_once('\n')?;
            Some(Block {
                language: language.to_owned(),
                text: format!("{text}\n"),
            })
        });
        blocks
            .filter(|block| !block.text.contains("API_KEY=…"))
            .collect()
    }

    /// All its shell lines, likewise.
    #[must_use]
    pub fn lines(&self) -> String {
        let blocks = self.blocks().into_iter();
        let shell = blocks.filter(|block| block.language == "sh");
        shell.map(|block| block.text).collect()
    }

    /// The first column of each table row of this document, without its backticks: one entry for each name that stands there.
    #[must_use]
    pub fn first_column(&self) -> Vec<String> {
        let rows = self.0.lines().filter_map(|line| line.strip_prefix("| `"));
        let cells = rows.filter_map(|row| row.split('|').next());
        cells
            .flat_map(|cell| cell.split(','))
            .map(|name| name.trim().trim_matches('`').to_owned())
            .collect()
    }
}

/// The repository's folder.
#[must_use]
pub fn repository() -> &'static Path {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("the tests are a folder of the repository")
}

/// A port that was free a moment ago.
#[must_use]
pub fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    free.local_addr().expect("it has an address").port()
}

/// A shell that gets these lines in a folder: `vwm` is on its path, and of all environment nothing else is there.
#[must_use]
pub fn shell(folder: &Path, lines: &str) -> Command {
    let programs = vwm().parent().expect("a program is in a folder").display();
    let home = folder.join("home");
    fs::create_dir_all(&home).expect("an empty home");
    let mut command = Command::new("bash");
    command
        .args(["-c", &format!("set -euo pipefail\n{lines}")])
        .env_clear()
        .env("PATH", format!("{programs}:/usr/local/bin:/usr/bin:/bin"))
        .env("HOME", home)
        .current_dir(folder);
    command
}

/// Types the lines at the root of what a newcomer cloned. Only the ports are others, because tests run side by side.
pub async fn types(folder: &Path, lines: &str) -> Said {
    let examples = Command::new("cp")
        .arg("-r")
        .arg(repository().join("examples"))
        .arg(folder)
        .status();
    assert!(examples.is_ok_and(|status| status.success()));
    let lines = lines.replace("127.0.0.1:8900", &format!("127.0.0.1:{}", free_port()));
    // Also where a line fails nothing stays behind.
    let trap = "trap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT";
    let engines = claude_code();
    let engines = engines.ancestors().find(|path| path.ends_with("engines"));
    let mut command = shell(folder, &format!("{trap}\n{lines}\nwait || true\n"));
    command
        .env("VWM_ENGINES_DIR", engines.expect("engines lie together"))
        .env("VWM_LISTEN", "127.0.0.1:0");
    Said::by(command).await
}

/// Whether a text is the shown one, in which `…` stands for anything.
#[must_use]
pub fn is_like(shown: &str, text: &str) -> bool {
    let Some((first, rest)) = shown.split_once('…') else {
        return shown == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = rest.split('…').collect();
    let (last, middle) = parts.split_last().expect("a split has a part");
    for part in middle {
        match text.split_once(part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(last)
}

/// Whether an output has these lines, in their order.
#[must_use]
pub fn has_lines(shown: &str, output: &str) -> bool {
    let mut lines = output.lines();
    let mut shown = shown.lines().filter(|line| !line.is_empty());
    shown.all(|shown| lines.any(|line| is_like(shown, line)))
}
