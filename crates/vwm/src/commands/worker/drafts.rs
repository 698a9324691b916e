//! Worker files: which they are, what they say, and which runtimes they mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vwm_api::{Runtime, RuntimeId, WorkerDefinition};
use vwm_client::Client;
use vwm_worker::Draft;

use crate::commands::input;
use crate::error::CliError;

/// A worker, and the file that it comes from.
#[derive(Debug)]
pub(crate) struct Filed<T> {
    /// As it was named.
    pub(crate) file: String,
    /// The worker.
    pub(crate) worker: T,
}

/// The names and texts of files; a folder stands for all worker files in it, and `-` for standard input.
pub(super) fn read_files(paths: &[PathBuf]) -> Result<Vec<(String, String)>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            for path in in_folder(path)? {
                files.push((path.display().to_string(), input::text(&path)?));
            }
            continue;
        }
        let name = match input::is_dash(path) {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        files.push((name, input::text(path)?));
    }
    Ok(files)
}

/// The worker files of a folder, by name.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let cannot = || CliError::system(format!("cannot list {}; is it yours?", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot())? {
        let path = entry.map_err(cannot())?.path();
        let kind = path.extension().and_then(|it| it.to_str());
        if matches!(kind, Some("yaml" | "yml" | "json")) && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(CliError::failed(
            format!("the folder {} has no worker file", folder.display()),
            "a worker file's name ends with .yaml, .yml or .json",
        ));
    }
    files.sort();
    Ok(files)
}

/// Reads workers; every fault of every file is told at once.
pub(crate) fn read_drafts(files: Vec<(String, String)>) -> Result<Vec<Filed<Draft>>, CliError> {
    let mut drafts = Vec::new();
    let mut faults = Vec::new();
    let mut owner: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in files {
        match vwm_worker::parse_file(&file, &text) {
            Ok(found) => {
                for draft in found {
                    let name = draft.name().to_owned();
                    if let Some(other) = owner.insert(name.clone(), file.clone()) {
                        faults.push(format!(
                            "{file}: {other} has a worker {name:?}, too; rename one"
                        ));
                    }
                    let file = file.clone();
                    drafts.push(Filed {
                        file,
                        worker: draft,
                    });
                }
            }
            Err(found) => faults.extend(found.iter().map(ToString::to_string)),
        }
    }
    if faults.is_empty() {
        return Ok(drafts);
    }
    let these = if faults.len() == 1 {
        "is a fault"
    } else {
        "are faults"
    };
    Err(CliError::failed(
        format!(
            "nothing was applied: there {these}\n  {}",
            faults.join("\n  ")
        ),
        "docs/worker-file.md has the fields of a worker; `vwm worker apply --help` shows a file that is enough",
    ))
}

/// Finds each draft's runtime; all that are unknown are told at once.
pub(crate) async fn resolve(
    client: &Client,
    drafts: Vec<Filed<Draft>>,
) -> Result<Vec<Filed<WorkerDefinition>>, CliError> {
    let runtimes = client.runtimes().await?;
    resolve_among(&runtimes, drafts)
}

/// Likewise, among these.
pub(super) fn resolve_among(
    runtimes: &[Runtime],
    drafts: Vec<Filed<Draft>>,
) -> Result<Vec<Filed<WorkerDefinition>>, CliError> {
    let mut definitions = Vec::new();
    let mut faults = Vec::new();
    for Filed {
        file,
        worker: draft,
    } in drafts
    {
        let found: Option<RuntimeId> = match draft.runtime.look_up() {
            Ok(id) => runtimes.iter().find(|it| it.id == id).map(|it| it.id),
            Err(name) => {
                let named = runtimes.iter().find(|it| it.definition.name == name);
                named.map(|it| it.id)
            }
        };
        match found {
            Some(id) => definitions.push(Filed {
                file,
                worker: draft.resolve(id),
            }),
            None => {
                let message = draft.runtime.unknown().message;
                faults.push(format!("{file}: worker {}: {message}", draft.name()));
            }
        }
    }
    if faults.is_empty() {
        return Ok(definitions);
    }
    let names: Vec<_> = runtimes
        .iter()
        .map(|it| it.definition.name.as_str())
        .collect();
    Err(CliError::failed(
        format!("nothing was applied\n  {}", faults.join("\n  ")),
        format!("the runtimes of this server: {}", names.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_all_files_are_told_with_their_places() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let good = "name: bob\ncliType: claude-code\n";
        let error = read_drafts(vec![
            file("a.yaml", good),
            file("b.yaml", "name: eve\ncliType: nobody\n"),
            file("c.yaml", good),
        ])
        .expect_err("two faults");
        let told = error.told();
        assert!(told.contains("\n  b.yaml:2:10: "), "{told}");
        assert!(
            told.contains("\n  c.yaml: a.yaml has a worker \"bob\""),
            "{told}"
        );
        assert_eq!(error.exit_code(), 1);
    }
}
