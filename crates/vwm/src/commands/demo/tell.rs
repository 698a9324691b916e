//! The story: a task, a correction, what bob learns from it, and a second session that knows it.

use std::path::Path;
use std::time::Instant;

use vwm_api::volume::VolumePaths;
use vwm_api::{SessionId, TurnKind, Worker};
use vwm_client::{Client, Lock};

use super::model::Model;
use super::repositories::Repositories;
use super::scene::{self, Left, Scene, Stage, Stop};
use super::{check, page, script, story};
use crate::commands::worker;
use crate::error::CliError;
use crate::output::numbers;

/// What engines are told at their start, in a session's workspace.
const INSTRUCTIONS: &str = "CLAUDE.md";

/// What there is to look at afterwards.
pub(super) struct Story {
    /// The session that learned.
    pub(super) first: SessionId,
    /// Its branch in the project.
    pub(super) branch: Option<String>,
}

/// Tells it to its end.
pub(super) async fn tell(stage: Stage<'_>, model: &Model, sessions: &Path) -> Result<Story, Stop> {
    let began = Instant::now();
    let bob = introduce(stage).await?;

    page::chapter("Session one: a task, and a word about it");
    let mut scene = Scene::begin(stage, &bob).await?;
    scene.ask(story::TASK).await?;
    scene.ask(story::CORRECTION).await?;

    page::chapter("The session ends, and bob learns");
    let first = scene.end().await?;
    let mut files = scene::show(stage, &first).await?;

    let learned = learned(&first, model)?;
    if let Some(learned) = &learned {
        merge(stage, &first).await?;
        page::say(&format!("{} is now what bob's team knows.", learned.file));
    }

    page::chapter("Session two: another day, another task");
    let mut scene = Scene::begin(stage, &bob).await?;
    scene.ask(story::NEXT_TASK).await?;
    let known = match &learned {
        Some(learned) => know(stage, model, learned, scene.session(), sessions).await?,
        None => "Bob wrote down nothing this time, so there was nothing to know.".to_owned(),
    };
    let second = scene.end().await?;
    files.extend(scene::show(stage, &second).await?);
    page::say("");
    page::say(&known);

    page::chapter("What came of it");
    sum_up(&[&first, &second], &files, began);
    Ok(Story {
        first: first.session,
        branch: first
            .branch_in(&stage.repositories.project)
            .map(str::to_owned),
    })
}

async fn introduce(stage: Stage<'_>) -> Result<Worker, CliError> {
    let Repositories {
        knowledge_base,
        project,
    } = stage.repositories;
    let bob = apply_bob(stage.client, &knowledge_base.url()).await?;
    page::chapter("The team");
    let about = bob.definition.description.as_deref().unwrap_or_default();
    page::say(&format!(
        "{}, a colleague: gives tasks, and says what she thinks of the answers.",
        story::COLLEAGUE
    ));
    page::say(&format!("{}, a worker: {about}", bob.definition.name));
    for (bare, history) in [
        (knowledge_base, &story::KNOWLEDGE_BASE),
        (project, &story::PROJECT),
    ] {
        let files: usize = history.iter().map(|it| it.files.len()).sum();
        let place = bare.path().display();
        page::say(&format!("his {}: {files} files in {place}", bare.name()));
    }
    Ok(bob)
}

async fn apply_bob(client: &Client, knowledge_base_url: &str) -> Result<Worker, CliError> {
    let file = story::bob(knowledge_base_url);
    let drafts = worker::read_drafts(vec![("bob.yaml".to_owned(), file)])?;
    let mut definitions = worker::resolve(client, drafts).await?;
    let bob = definitions.pop().ok_or_else(|| CliError::Failed {
        message: "bob.yaml has no worker".to_owned(),
        hint: None,
    })?;
    let (_, worker) = worker::apply(client, &bob.worker, Lock::Respect).await?;
    Ok(worker)
}

/// What bob wrote down.
struct Lesson {
    /// Its file in the knowledge base.
    file: String,
    /// The line of it by which a request is known to hold it; none where nobody wrote the words in advance.
    line: Option<String>,
}

/// What the first session learned. A real model may find nothing worth it; the script does not.
fn learned(first: &Left, model: &Model) -> Result<Option<Lesson>, CliError> {
    let learning = first.learning();
    let written = learning.and_then(|it| Some((it.path.as_ref()?, it.content.as_ref()?)));
    match (written, model) {
        (Some((path, content)), _) => Ok(Some(Lesson {
            file: path.trim_start_matches("worker_repo/").to_owned(),
            line: content
                .lines()
                .find(|line| line.contains(script::LEARNED))
                .map(str::to_owned),
        })),
        (None, Model::Live { .. }) => Ok(None),
        (None, Model::Scripted(_)) => {
            let why = learning.and_then(|it| it.skipped.as_deref());
            let why = why.unwrap_or("nobody says why");
            Err(fault(format!("session one learned nothing: {why}")))
        }
    }
}

async fn merge(stage: Stage<'_>, first: &Left) -> Result<(), CliError> {
    page::chapter("A person reads it, and merges it");
    let knowledge_base = &stage.repositories.knowledge_base;
    let Some(branch) = first.branch_in(knowledge_base) else {
        return Err(fault("the branch with the learning was not pushed".into()));
    };
    let newest = knowledge_base.merge(branch, stage.env).await?;
    page::show(&format!("main is at {newest}"));
    Ok(())
}

/// Makes sure that the second session was told what the first one learned, and says how that is known.
async fn know(
    stage: Stage<'_>,
    model: &Model,
    lesson: &Lesson,
    second: SessionId,
    sessions: &Path,
) -> Result<String, CliError> {
    let Some(calls) = model.calls() else {
        let volume = VolumePaths::new(sessions.join(second.to_string()));
        let told = std::fs::read_to_string(volume.workspace().join(INSTRUCTIONS));
        let told = told.map_err(CliError::system("cannot read what bob was told"))?;
        if !told.contains(&lesson.file) {
            return Err(fault(format!(
                "session two was not told of {}",
                lesson.file
            )));
        }
        return Ok(format!(
            "Nobody can look into the requests that a provider gets; but bob's instructions in session two name {}.",
            lesson.file
        ));
    };
    let merged = &stage.repositories.knowledge_base;
    let merged = merged.file("main", &lesson.file, stage.env).await?;
    let line = lesson.line.as_ref();
    let Some(line) = line.filter(|line| merged.lines().any(|it| it == line.as_str())) else {
        return Err(fault("the merged learning is not what bob wrote".into()));
    };
    let holds = |prompt, step, text: &str| check::request_holds(&calls, prompt, step, text);
    if holds(story::NEXT_TASK, 0, line) != Some(true) {
        return Err(fault(
            "session two's model request did not hold the merged learning".into(),
        ));
    }
    if holds(story::TASK, 0, line) != Some(false) {
        return Err(fault(
            "session one's model request held what was not learned yet".into(),
        ));
    }
    // What the model answered comes back with the next request.
    if holds(story::NEXT_TASK, 1, &format!("> {line}")) != Some(true) {
        return Err(fault(
            "session two's first answer did not use the merged learning".into(),
        ));
    }
    Ok(
        "Checked at the model server: session two's model request held the merged learning, \
         session one's did not."
            .to_owned(),
    )
}

fn sum_up(sessions: &[&Left], files: &[String], began: Instant) {
    let rows = || sessions.iter().flat_map(|left| &left.rows);
    let count = |kind: TurnKind| rows().filter(|row| row.kind == kind).count();
    let sum = |tokens: Vec<Option<i64>>| tokens.into_iter().flatten().sum();
    let tokens_in = sum(rows().map(|row| row.tokens_in).collect());
    let tokens_out = sum(rows().map(|row| row.tokens_out).collect());
    let (lessons, work): (Vec<&String>, Vec<&String>) = files
        .iter()
        .partition(|file| file.starts_with("learnings/"));
    let list = |files: &[&String]| match files {
        [] => "none".to_owned(),
        files => files
            .iter()
            .map(|it| it.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    };
    let lines = [
        (
            "sessions",
            format!(
                "{}, with {} prompts and {} turns of learning",
                sessions.len(),
                count(TurnKind::Prompt),
                count(TurnKind::Learning)
            ),
        ),
        ("work", format!("{}, on branches for review", list(&work))),
        ("learning", list(&lessons)),
        (
            "tokens",
            format!(
                "{} in, {} out",
                numbers::count(tokens_in),
                numbers::count(tokens_out)
            ),
        ),
        ("time", numbers::duration(began.elapsed())),
    ];
    for (name, value) in lines {
        page::say_field(name, &value);
    }
}

/// What should not be: the story shows it instead of telling something else.
fn fault(message: String) -> CliError {
    CliError::failed(
        message,
        "this is a fault of VWM: run the demo with --dir, and report it with the server.log in that folder",
    )
}
