//! A session that sleeps and wakes fifty times is the one that it was.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use vwm_api::{Event, EventBody, Resume, SessionId, SessionStatus, TurnStatus};
use vwm_client::Client;
use vwm_tests::promises;
use vwm_tests::{Repository, Road, World, within};

use super::{generation, moves, next_server, shell, stands, tree, world_of_bob};

/// How often it sleeps.
const ROUNDS: usize = 50;
/// When it is sent to sleep by nobody.
const BY_ITSELF: Range<usize> = 20..24;
/// The one file that a file call of the test writes.
const WRITTEN: &str = "notes/round.txt";

/// Files of every kind, and in the repository whatever git tells apart.
const WORK: &str = "
    mkdir -p notes/empty 'notes/a name with blanks'
    printf 'kept\\n' > notes/kept.txt; chmod 600 notes/kept.txt; ln notes/kept.txt notes/twin
    printf '\\377\\000\\200' > notes/bytes; : > notes/nothing
    printf '#!/bin/sh\\n' > 'notes/a name with blanks/run'; chmod 750 'notes/a name with blanks/run'
    ln -s kept.txt notes/link; ln -s /nowhere/at/all notes/dangling
    cd session_repo
    echo committed > committed.txt; git add committed.txt; git commit --quiet --message 'Keep this'
    echo changed >> README.md
    echo staged > staged.txt; git add staged.txt
    echo untracked > untracked.txt
    rm old.txt";

/// Who brings it back.
#[derive(Clone, Copy)]
enum By {
    Prompt,
    ReadingAFile,
    WritingAFile,
    Resume,
}

/// Nothing of the workspace is another than before, but what the test itself wrote.
fn is_the_same(
    before: &BTreeMap<PathBuf, (u32, Vec<u8>)>,
    workspace: &Path,
    written: Option<&str>,
    when: &str,
) {
    let after = tree(workspace);
    let names = before.keys().chain(after.keys());
    let differ: Vec<_> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .filter(|name| written.is_none_or(|written| *name != Path::new(written)))
        .collect();
    assert!(differ.is_empty(), "{when}: {differ:?}");
}

struct Sleeper {
    world: World,
    road: Road,
    client: Client,
    id: SessionId,
    /// All that was said to it.
    said: Vec<String>,
}

impl Sleeper {
    async fn is_told(&mut self, prompt: String) -> String {
        self.said.push(prompt.clone());
        let prompt = self.world.prompt(&prompt);
        let answer = within("the answer", self.client.prompt(self.id, &prompt)).await;
        let answer = answer.expect("it is taken");
        assert_eq!(answer.status, TurnStatus::Complete, "{:?}", answer.error);
        answer.response
    }

    fn next_server(&mut self, flags: &[&str]) {
        next_server(&mut self.world, flags);
        self.road.leads_to(&self.world);
    }

    async fn sleeps(&self, round: usize) {
        if BY_ITSELF.contains(&round) {
            let asleep = stands(&self.world, self.id, SessionStatus::Suspended).await;
            let reason = "nobody used it for 1 s; the next prompt resumes it";
            assert_eq!(asleep.status_reason.as_deref(), Some(reason));
        } else {
            let asleep = self.client.suspend_session(self.id).await;
            let asleep = asleep.expect("nothing runs");
            assert_eq!(asleep.status, SessionStatus::Suspended);
        }
    }

    async fn wakes(&mut self, by: By, round: usize) {
        match by {
            By::Prompt => {
                let told = self.is_told(format!("RECALL {round}")).await;
                assert_eq!(told, format!("recall: {}", json!(self.said)));
            }
            By::ReadingAFile => {
                let read = self.client.read_file(self.id, "notes/kept.txt");
                let read = within("the file", read).await;
                assert_eq!(read.expect("it is there"), "kept\n");
            }
            By::WritingAFile => {
                let text = format!("{round}\n");
                let written = self.client.write_file(self.id, WRITTEN, text);
                within("the file", written).await.expect("it is taken");
            }
            By::Resume => {
                let resumed = self.client.resume_session_and_wait(self.id);
                let resumed = within("the session", resumed).await;
                assert_eq!(
                    resumed.expect("it is suspended").status,
                    SessionStatus::Active
                );
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_is_suspended_and_resumed_fifty_times_is_the_same_and_remembers() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n"), ("old.txt", "old\n")]);
    let id = world.session("bob", Some(&project)).await.id;
    let road = Road::to(&world).await;
    let client = road.client(&world).patient(Duration::from_secs(60));
    let watching = tokio::spawn(client.events(id, 0).collect::<Vec<_>>());
    let mut sleeper = Sleeper {
        world,
        road,
        client,
        id,
        said: Vec::new(),
    };
    sleeper.is_told("the word is apricot".to_owned()).await;
    let done = sleeper.is_told(shell(WORK)).await;
    assert_eq!(done, "done");
    let volume = sleeper.world.volume(id);
    let workspace = volume.workspace();
    assert_eq!(
        std::fs::read_to_string(workspace.join("session_repo/README.md")).expect("it is there"),
        "# Project\nchanged\n"
    );
    let number = || volume.root.metadata().expect("it is there").ino();
    let first_number = number();

    for round in 0..ROUNDS {
        if round == BY_ITSELF.start {
            sleeper.next_server(&["--idle-timeout", "1"]);
        } else if round == BY_ITSELF.end {
            sleeper.next_server(&[]);
        }
        let before = tree(&workspace);
        let (job, harness) = (generation(&sleeper.world, id), sleeper.world.harness(id));
        sleeper.sleeps(round).await;
        sleeper.world.gone(harness).await;
        is_the_same(&before, &workspace, None, &format!("suspended {round}"));

        let by = match round % 4 {
            0 => By::Prompt,
            1 => By::ReadingAFile,
            2 => By::WritingAFile,
            // Nothing holds it awake there.
            _ if BY_ITSELF.contains(&round) => By::Prompt,
            _ => By::Resume,
        };
        sleeper.wakes(by, round).await;
        let written = matches!(by, By::WritingAFile).then_some(WRITTEN);
        is_the_same(&before, &workspace, written, &format!("resumed {round}"));
        assert!(generation(&sleeper.world, id) > job, "another job");
        assert_eq!(number(), first_number, "the same volume");
    }
    let told = sleeper.is_told("RECALL at the end".to_owned()).await;
    assert!(told.starts_with("recall: [\"the word is apricot\","));
    assert_eq!(told, format!("recall: {}", json!(sleeper.said)));
    let jobs = generation(&sleeper.world, id);
    assert_eq!(usize::try_from(jobs).expect("a number"), ROUNDS + 1);

    sleeper.world.end(id).await;
    let events = within("the last event", watching).await;
    let events: Result<Vec<Event>, _> = events.expect("no panic").into_iter().collect();
    has_slept(&events.expect("who watches comes back"), sleeper.said.len());
    let branch = format!("session-{id}");
    for (path, text) in [
        ("README.md", "# Project\nchanged\n"),
        ("committed.txt", "committed\n"),
        ("staged.txt", "staged\n"),
        ("untracked.txt", "untracked\n"),
    ] {
        assert_eq!(project.file(&branch, path).as_deref(), Some(text), "{path}");
    }
    assert_eq!(project.file(&branch, "old.txt"), None);
}

/// The events tell of each time, without a hole, and of one conversation.
fn has_slept(events: &[Event], prompts: usize) {
    assert_eq!(promises::order(events), [""; 0]);
    assert_eq!(promises::moves(events), [""; 0]);
    let all = moves(events);
    let often = |status| all.iter().filter(|(to, _)| *to == status).count();
    let told = (
        often(SessionStatus::Suspended),
        often(SessionStatus::Active),
    );
    assert_eq!(told, (ROUNDS, ROUNDS + 1));
    let starts = events.iter().filter_map(|event| match &event.body {
        EventBody::Start(start) => Some(start.resume),
        _ => None,
    });
    let starts: Vec<_> = starts.collect();
    assert_eq!(starts.len(), prompts);
    assert_eq!(starts[0], Resume::Fresh);
    assert!(starts[1..].iter().all(|it| *it == Resume::Resumed));
}
