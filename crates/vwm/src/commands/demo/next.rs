//! What to try when the story is told and its server still runs.

use std::path::{Path, PathBuf};

use super::repositories::Repositories;
use super::tell::Story;
use super::{page, story};
use crate::config::Environment;

/// Shows three commands that work as they stand.
pub(super) fn show(story: &Story, repositories: &Repositories, data_dir: &Path, env: &Environment) {
    let vwm = program(env);
    let data_dir = data_dir.display().to_string();
    let ours = |words: &[&str]| {
        let all = [&[vwm.as_str(), "--data-dir", &data_dir], words].concat();
        page::command(&all);
    };
    page::chapter("What to try next, in another terminal");
    page::say("what each turn of session one took, and what was learned:");
    ours(&["session", "telemetry", &story.first.to_string()]);
    page::say("a third session, with the same answer to the same question:");
    let url = repositories.project.url();
    ours(&["run", "bob", story::NEXT_TASK, "--repo", &url]);
    if let Some(branch) = &story.branch {
        page::say("the work, as a reviewer gets it:");
        let project = repositories.project.path().display().to_string();
        page::command(&["git", "-C", &project, "diff", &format!("main...{branch}")]);
    }
    page::say("");
    page::say("The server runs until Ctrl-C, which also removes everything but what --dir keeps.");
}

/// What one has to type for this program.
fn program(env: &Environment) -> String {
    let Ok(own) = std::env::current_exe() else {
        return "vwm".to_owned();
    };
    let mut found = env
        .path
        .split(':')
        .map(|folder| Path::new(folder).join("vwm"));
    let is_own = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == own);
    // The first one on the path is the one that a shell takes.
    let first = found.find(|path| path.is_file());
    match first.filter(is_own) {
        Some(_) => "vwm".to_owned(),
        None => own.display().to_string(),
    }
}
