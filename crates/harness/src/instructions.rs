//! The merged instruction file: the system's text first, the worker's second, both whole, and then where things are and what was
//! learned lately.

use std::fmt;

use vwm_api::harness::Setup;

/// The canonical instruction file of every engine, at the workspace root.
pub(crate) const FILE: &str = "CLAUDE.md";
/// How many learnings are told in full.
pub(crate) const NEWEST: usize = 8;

const SEPARATOR: &str = "\n\n---\n\n";
/// How long the newest learnings are together.
const LATELY: usize = 6 << 10;
/// How much of one is told in any case, as long as there is room.
const FIRST_PART: usize = 2 << 10;

/// What a knowledge base holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Knowledge {
    /// Its files.
    pub(crate) index: Index,
    /// What was learned, newest first.
    pub(crate) lately: Vec<Learned>,
}

/// The files of a knowledge base, or the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Sorted by path.
    pub(crate) files: Vec<Known>,
    /// How many more there are.
    pub(crate) more: usize,
}

/// A file of the knowledge base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Relative to the knowledge base.
    pub(crate) path: String,
    /// Its first line.
    pub(crate) about: Option<String>,
}

/// A learning that is part of the knowledge base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Learned {
    /// Relative to the knowledge base.
    pub(crate) path: String,
    /// As its front matter says.
    pub(crate) title: Option<String>,
    /// Without front matter.
    pub(crate) body: String,
}

impl fmt::Display for Index {
    /// As a list, each line behind a line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Known { path, about } in &self.files {
            write!(f, "\n- `worker_repo/{path}`")?;
            if let Some(about) = about {
                write!(f, ": {about}")?;
            }
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n- and {more} more files"),
        }
    }
}

/// Merges the texts. `knowledge` is what the knowledge base holds, where there is one.
pub(crate) fn merge(setup: &Setup, knowledge: Option<&Knowledge>) -> String {
    let mut parts = Vec::new();
    if !setup.system_agent_md.trim().is_empty() {
        parts.push(setup.system_agent_md.trim_end().to_owned());
    }
    if let Some(role) = setup
        .worker
        .agent_md
        .as_ref()
        .filter(|text| !text.trim().is_empty())
    {
        parts.push(role.trim_end().to_owned());
    }
    parts.push(workspace(setup, knowledge));
    parts.join(SEPARATOR) + "\n"
}

fn workspace(setup: &Setup, knowledge: Option<&Knowledge>) -> String {
    let mut text = format!("# Your workspace\n\nYou are {}.", setup.worker.name);
    if let Some(description) = &setup.worker.description {
        text += &format!(" {}", description.trim_end_matches('.'));
        text += ".";
    }
    text += " Your working directory is the workspace; everything in it is yours to use.\n";
    if setup.repository.is_some() {
        text += "\n- `session_repo/` is the repository that you work on. It stands on the branch of this session: commit \
                 there as often as you like, do not switch to another branch, do not push. What is not committed when \
                 the session ends is committed for you, and the branch is pushed for you.";
    }
    if let Some(knowledge) = knowledge {
        text += "\n- `worker_repo/` is your knowledge base: what your team has written down for you. Read what bears on \
                 a task before you start it. It is read-only, except for `worker_repo/learnings/`. Search it with the \
                 path `worker_repo/`, with the slash.\n\nYour knowledge base holds:\n";
        text += &knowledge.index.to_string();
        text += &lately(&knowledge.lately);
    }
    text
}

/// The newest learnings, as many and as much of them as there is room for.
fn lately(learned: &[Learned]) -> String {
    let (mut parts, mut room) = (Vec::new(), LATELY);
    for (place, one) in learned.iter().take(NEWEST).enumerate() {
        // What one does not need is the next ones'.
        let share = room / (learned.len().min(NEWEST) - place);
        let Some(part) = part(one, share.max(FIRST_PART).min(room)) else {
            break;
        };
        room -= part.len();
        parts.push(part);
    }
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "\n\n## Learned lately\n\nThe newest learnings. Where one is cut, its file has the rest.{}",
        parts.concat()
    )
}

/// One learning in at most so many bytes, cut at a line; none where not even its name has room.
fn part(learned: &Learned, most: usize) -> Option<String> {
    let path = format!("`worker_repo/{}`", learned.path);
    let head = match &learned.title {
        Some(title) => format!("\n\n**{title}** ({path})\n\n"),
        None => format!("\n\n{path}\n\n"),
    };
    let whole = format!("{head}{}", learned.body);
    if whole.len() <= most {
        return Some(whole);
    }
    let rest = format!("… the rest is in {path}");
    let room = most.checked_sub(head.len() + rest.len())?;
    let mut kept = 0;
    for line in learned.body.split_inclusive('\n') {
        if kept + line.len() > room {
            break;
        }
        kept += line.len();
    }
    Some(format!("{head}{}{rest}", &learned.body[..kept]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests_setup::setup;

    fn learned(name: &str, body: &str) -> Learned {
        Learned {
            path: format!("learnings/{name}.md"),
            title: Some(format!("About {name}")),
            body: body.to_owned(),
        }
    }

    #[test]
    fn the_systems_text_comes_first_then_the_workers_both_whole() {
        let mut setup = setup();
        setup.system_agent_md = "Be kind.\n".into();
        setup.worker.agent_md = Some("You are Bob.\nYou push back on bad ideas.\n".into());
        let knowledge = Knowledge {
            index: Index {
                files: vec![Known {
                    path: "COMPANY.md".into(),
                    about: Some("Who we are".into()),
                }],
                more: 0,
            },
            lately: Vec::new(),
        };
        let merged = merge(&setup, Some(&knowledge));
        assert!(
            merged.starts_with("Be kind.\n\n---\n\nYou are Bob.\nYou push back on bad ideas.\n\n---\n\n# Your workspace"),
            "{merged}"
        );
        assert!(
            merged.ends_with("\n- `worker_repo/COMPANY.md`: Who we are\n"),
            "{merged}"
        );
    }

    #[test]
    fn without_a_knowledge_base_nobody_is_sent_there() {
        let merged = merge(&setup(), None);
        assert!(merged.starts_with("# Your workspace"), "{merged}");
        assert!(!merged.contains("worker_repo"), "{merged}");
    }

    #[test]
    fn what_was_learned_lately_stands_last_newest_first() {
        let knowledge = Knowledge {
            index: Index::default(),
            lately: vec![
                learned("b", "Start the database first.\nThen test."),
                Learned {
                    title: None,
                    ..learned("a", "Never on Fridays.")
                },
            ],
        };
        let merged = merge(&setup(), Some(&knowledge));
        let (_, lately) = merged.split_once("## ").expect("a section");
        insta::assert_snapshot!(lately, @r"
        Learned lately

        The newest learnings. Where one is cut, its file has the rest.

        **About b** (`worker_repo/learnings/b.md`)

        Start the database first.
        Then test.

        `worker_repo/learnings/a.md`

        Never on Fridays.
        ");
    }

    #[test]
    fn long_learnings_are_cut_at_a_line_and_stay_together_within_their_room() {
        let long = "A line of thirty characters. \n".repeat(400);
        let alone = lately(&[learned("long", &long)]);
        let pointer = "\n… the rest is in `worker_repo/learnings/long.md`";
        assert!(alone.ends_with(pointer), "{alone}");
        assert!(alone.len() > LATELY - 200 && alone.len() < LATELY + 200);

        let all: Vec<Learned> = (0..20).map(|n| learned(&format!("n{n}"), &long)).collect();
        let together = lately(&all);
        assert!(together.len() < LATELY + 200, "{}", together.len());
        assert!(together.contains("About n2") && !together.contains("About n9"));

        let short: Vec<Learned> = (0..20).map(|n| learned(&format!("n{n}"), "x")).collect();
        let newest = lately(&short);
        assert!(newest.contains("About n7") && !newest.contains("About n8"));

        let endless = learned("one-line", &"é".repeat(LATELY));
        let named = lately(&[endless, learned("b", "It is told.")]);
        assert!(named.contains("… the rest is in `worker_repo/learnings/one-line.md`"));
        assert!(named.ends_with("It is told."), "{named}");
    }
}
