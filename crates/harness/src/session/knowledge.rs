//! What the knowledge base holds, read for those who are told of it.

use std::path::{Path, PathBuf};

use crate::instructions::{Index, Knowledge, Known, Learned};
use crate::unseen;
use crate::workspace::{Kind, Tree};

/// How many files the instruction file names.
const INDEX: usize = 100;
/// The longest first line.
const LINE: usize = 100;
/// The largest learning that is told of.
const LARGEST: u64 = 1 << 20;
/// How much of a file is read for its first line: an engine may have put very many there.
const START: u64 = 16 << 10;

/// What the instruction file tells. The newest learnings are paths in the tree, newest first.
pub(super) fn told(tree: &Tree, newest: &[String]) -> Knowledge {
    let mut lately = Vec::new();
    for path in newest {
        // One that an engine has changed or taken away since is not told of.
        let Ok(content) = tree.read(Path::new(path), LARGEST) else {
            continue;
        };
        let text = readable(&content);
        let parts = parts(&text);
        lately.push(Learned {
            path: path.clone(),
            title: parts.title,
            body: parts.body.trim().to_owned(),
        });
    }
    Knowledge {
        index: index(tree, INDEX),
        lately,
    }
}

/// The files with their first lines; what is beyond `most` is counted.
pub(super) fn index(tree: &Tree, most: usize) -> Index {
    let Ok(walk) = tree.walk(
        |path| path.file_name().is_some_and(|name| name == ".git"),
        20_000,
    ) else {
        return Index::default();
    };
    let mut paths: Vec<PathBuf> = walk
        .entries
        .into_iter()
        .filter(|entry| entry.kind == Kind::File && !entry.shown().contains(char::is_control))
        .map(|entry| entry.path)
        .collect();
    paths.sort();
    let more = paths.len().saturating_sub(most);
    let known = |path: PathBuf| Known {
        about: about(tree, &path),
        path: path.display().to_string(),
    };
    let files = paths.into_iter().take(most).map(known).collect();
    Index { files, more }
}

/// The index by itself, for the turn that learns.
pub(super) fn list(index: &Index) -> String {
    let title = "# What the knowledge base holds\n";
    if index.files.is_empty() {
        return format!("{title}\nNothing yet.\n");
    }
    format!("{title}{index}\n")
}

fn about(tree: &Tree, path: &Path) -> Option<String> {
    if path.extension().is_none_or(|extension| extension != "md") {
        return None;
    }
    first_line(&readable(&tree.read_start(path, START).ok()?))
}

/// What a person who looks at the file reads in it.
fn readable(content: &[u8]) -> String {
    unseen::without(&String::from_utf8_lossy(content))
}

/// What a text says that it is about: the title of its front matter, or its first line behind it.
fn first_line(text: &str) -> Option<String> {
    let parts = parts(text);
    let line = parts.title.or_else(|| {
        parts
            .body
            .lines()
            .map(|line| line.trim_start_matches('#').trim())
            .find(|line| !line.is_empty() && *line != "---")
            .map(str::to_owned)
    })?;
    Some(line.chars().take(LINE).collect())
}

struct Parts<'t> {
    title: Option<String>,
    body: &'t str,
}

/// A text without its front matter. One that is not closed is none.
fn parts(text: &str) -> Parts<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = Parts {
        title: None,
        body: text,
    };
    let is_fence = |line: &&str| line.trim_end() == "---";
    let mut lines = text.split_inclusive('\n');
    let Some(fence) = lines.next().filter(is_fence) else {
        return whole;
    };
    let (mut title, mut read) = (None, fence.len());
    for line in lines {
        read += line.len();
        if is_fence(&line) {
            let body = &text[read..];
            return Parts { title, body };
        }
        if let Some(value) = line.strip_prefix("title:") {
            title = Some(unquoted(value.trim()).to_owned()).filter(|title| !title.is_empty());
        }
    }
    whole
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_is_a_title_or_what_stands_first_and_never_front_matter() {
        let table = [
            ("# Who we are\n\nText\n", Some("Who we are")),
            ("\n\nplain\n", Some("plain")),
            (
                "---\nsession: 1\ntitle: Tests need a database\n---\n\n# Other\n",
                Some("Tests need a database"),
            ),
            (
                "\u{feff}---\r\ntitle: \"Quoted: it is\"\r\n---\r\ntext\r\n",
                Some("Quoted: it is"),
            ),
            (
                "---\nsession: 1\ntitle:\n---\n\n## A heading\n",
                Some("A heading"),
            ),
            ("---\nsession: 1\n", Some("session: 1")),
            ("---\na: 1\n---\n", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(first_line(text).as_deref(), expected, "{text:?}");
        }
        let long = "é".repeat(LINE + 1);
        assert_eq!(first_line(&long), Some("é".repeat(LINE)));
    }

    #[test]
    fn a_body_is_what_stands_behind_the_front_matter() {
        assert_eq!(
            parts("---\ntitle: t\n---\nbody\n---\nmore\n").body,
            "body\n---\nmore\n"
        );
        assert_eq!(
            parts("body\n---\ntitle: t\n---\n").body,
            "body\n---\ntitle: t\n---\n"
        );
    }

    #[test]
    fn the_newest_learnings_are_told_without_front_matter_and_the_index_is_cut_or_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let learnings = folder.path().join("learnings");
        std::fs::create_dir(&learnings).expect("makes it");
        for name in ["a.md", "b.md", "c.md"] {
            let text = format!("---\ntitle: About {name}\n---\n\nIt is {name}.\n");
            std::fs::write(learnings.join(name), text).expect("writes");
        }
        std::os::unix::fs::symlink("a.md", learnings.join("link.md")).expect("links");
        let tree = Tree::open(folder.path()).expect("opens");
        let newest =
            ["learnings/b.md", "learnings/link.md", "learnings/gone.md"].map(str::to_owned);
        let told = told(&tree, &newest);
        let learned = Learned {
            path: "learnings/b.md".to_owned(),
            title: Some("About b.md".to_owned()),
            body: "It is b.md.".to_owned(),
        };
        assert_eq!(told.lately, [learned]);
        insta::assert_snapshot!(list(&index(&tree, usize::MAX)), @r"
        # What the knowledge base holds

        - `worker_repo/learnings/a.md`: About a.md
        - `worker_repo/learnings/b.md`: About b.md
        - `worker_repo/learnings/c.md`: About c.md
        ");
        let cut = index(&tree, 1).to_string();
        assert_eq!(
            cut,
            "\n- `worker_repo/learnings/a.md`: About a.md\n- and 2 more files"
        );
    }
}
