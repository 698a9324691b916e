//! The end of a session whose engine never starts: what the journal and the record say of learning.

use std::time::Duration;

use vwm_api::harness::{
    Boot, Entry, Happened, LEARNING_INDEX, LEARNING_TRANSCRIPT, Outcome, TurnOrder,
};
use vwm_api::volume::VolumePaths;
use vwm_api::{AgentEvent, Learning, SubsessionId, TurnKind};

use super::{
    Arc, EndOrder, Phase, Session, Setup, TRANSCRIPT, TurnError, TurnId, TurnStatus, unknown,
};
use crate::conversation::ended_by_us;
use crate::journal::Journal;
use crate::tests_setup::setup;

/// A volume, and what its session is told at the end.
struct World {
    folder: tempfile::TempDir,
    order: EndOrder,
}

impl World {
    /// A worker whose program is not there, so that no engine of it ever starts.
    fn new() -> Self {
        let setup = setup();
        let learning = turn(&setup, TurnKind::Learning, "What did you learn?");
        let order = EndOrder {
            setup: Setup {
                unconfined: true,
                ..setup
            },
            learning: Some(learning),
            push_for_s: 600,
        };
        let folder = tempfile::tempdir().expect("a folder");
        let paths = VolumePaths::new(folder.path());
        for path in [paths.workspace(), paths.knowledge_base(), paths.state()] {
            std::fs::create_dir_all(path).expect("makes it");
        }
        Self { folder, order }
    }

    /// The journal as a generation finds it.
    fn journal(&self, generation: i64) -> Arc<Journal> {
        let path = self.folder.path().join("state/journal");
        Arc::new(Journal::open(&path, generation, 0).expect("opens"))
    }

    async fn session(&self, journal: Arc<Journal>, left: Vec<TurnOrder>) -> Arc<Session> {
        let boot = Boot {
            session: self.order.setup.session,
            generation: 2,
            token: "token".to_owned(),
            stored_n: 0,
        };
        let paths = VolumePaths::new(self.folder.path());
        Session::open(boot, paths, journal, left)
            .await
            .expect("opens")
    }

    fn learning(&self) -> TurnOrder {
        self.order.learning.clone().expect("it is ordered")
    }
}

fn turn(setup: &Setup, kind: TurnKind, prompt: &str) -> TurnOrder {
    TurnOrder {
        turn: TurnId::new(),
        subsession: SubsessionId::main(setup.session),
        kind,
        prompt: prompt.to_owned(),
        timeout_s: 60,
    }
}

fn accepted(order: &TurnOrder) -> Entry {
    Entry::Accepted {
        order: order.clone(),
    }
}

fn ended(order: &TurnOrder, outcome: Outcome) -> Entry {
    Entry::Ended {
        turn: order.turn,
        outcome: Box::new(outcome),
    }
}

/// Ends the session, and gives what came of learning.
async fn ends(session: &Arc<Session>, order: &EndOrder) -> Learning {
    session.end(order.clone());
    let all = async {
        while session.state.current().phase != Phase::Collected {
            let version = session.state.current().version;
            session.state.after(version).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("it ends in time");
    session.state.current().learned.expect("it was ordered")
}

/// How often the turn was taken, sent and ended.
fn counted(journal: &Journal, turn: TurnId) -> (usize, usize, usize) {
    let records = journal.all().expect("reads");
    let count = |is: fn(&Entry) -> Option<TurnId>| {
        let of_turn = records
            .iter()
            .filter(|record| is(&record.entry) == Some(turn));
        of_turn.count()
    };
    (
        count(|entry| match entry {
            Entry::Accepted { order } => Some(order.turn),
            _ => None,
        }),
        count(|entry| match entry {
            Entry::Sent { turn } => Some(*turn),
            _ => None,
        }),
        count(|entry| match entry {
            Entry::Ended { turn, .. } => Some(*turn),
            _ => None,
        }),
    )
}

const UNPREPARED: &str = "its turn failed: the session could not be prepared for learning: the worker names no program: set engine.command";

fn skipped(why: &str) -> Learning {
    Learning {
        skipped: Some(why.to_owned()),
        ..Learning::default()
    }
}

#[tokio::test]
async fn a_preparation_that_fails_ends_the_turn_and_not_the_end() {
    let world = World::new();
    let journal = world.journal(2);
    let session = world.session(Arc::clone(&journal), Vec::new()).await;
    let learned = ends(&session, &world.order).await;
    assert_eq!(learned, skipped(UNPREPARED));
    let turn = world.learning().turn;
    assert_eq!(counted(&journal, turn), (1, 0, 1));
    let is_told = journal.with_ledger(|ledger| ledger.has_notice("not_learned", UNPREPARED));
    assert!(is_told);
    let kept = session.state.current().collected;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].name, TRANSCRIPT);
}

#[tokio::test]
async fn a_turn_that_an_older_generation_took_is_tried_and_other_prompts_are_cancelled() {
    let world = World::new();
    let learning = world.learning();
    let prompt = turn(&world.order.setup, TurnKind::Prompt, "Work");
    let journal = world.journal(1);
    for order in [&prompt, &learning] {
        journal.append(accepted(order)).expect("appends");
    }
    drop(journal);
    let journal = world.journal(2);
    let left = vec![prompt.clone(), learning.clone()];
    let session = world.session(Arc::clone(&journal), left).await;
    assert_eq!(ends(&session, &world.order).await, skipped(UNPREPARED));
    assert_eq!(counted(&journal, learning.turn), (1, 0, 1));
    let of_prompt = journal.with_ledger(|ledger| ledger.turn(prompt.turn).expect("known").ended);
    assert_eq!(of_prompt, Some(TurnStatus::Cancelled));
}

#[tokio::test]
async fn a_turn_that_is_over_is_not_run_again() {
    let world = World::new();
    let learning = world.learning();
    let journal = world.journal(1);
    journal.append(accepted(&learning)).expect("appends");
    let sent = Entry::Sent {
        turn: learning.turn,
    };
    journal.append(sent).expect("appends");
    journal
        .append(ended(&learning, unknown()))
        .expect("appends");
    let session = world.session(Arc::clone(&journal), Vec::new()).await;
    let why = ends(&session, &world.order)
        .await
        .skipped
        .expect("nothing was learned");
    assert!(
        why.starts_with("how its turn ended is not known: the session's job was lost"),
        "{why}"
    );
    assert_eq!(counted(&journal, learning.turn), (1, 1, 1));
}

#[tokio::test]
async fn a_turn_that_is_aborted_before_it_began_does_not_run() {
    let world = World::new();
    let learning = world.learning();
    let journal = world.journal(1);
    journal.append(accepted(&learning)).expect("appends");
    let session = world
        .session(Arc::clone(&journal), vec![learning.clone()])
        .await;
    session.abort_turn(learning.turn).await.expect("aborts");
    let learned = ends(&session, &world.order).await;
    assert_eq!(
        learned,
        skipped("its turn was stopped: the turn was aborted")
    );
    assert_eq!(counted(&journal, learning.turn), (1, 0, 1));
}

#[tokio::test]
async fn what_is_to_be_read_is_all_but_the_turn_itself_and_takes_the_place_of_what_is_in_the_way() {
    let world = World::new();
    let learning = world.learning();
    let prompt = turn(&world.order.setup, TurnKind::Prompt, "Fix the build");
    let journal = world.journal(1);
    let said = Entry::Event {
        turn: Some(prompt.turn),
        subsession: Some(prompt.subsession),
        event: Happened::Agent(AgentEvent::Text("It was the cache.".to_owned())),
    };
    let error = TurnError {
        status: TurnStatus::Failed,
        message: "no more".to_owned(),
        code: "engine_failed".to_owned(),
        retryable: false,
        resets_at: None,
    };
    let end = ended(&prompt, ended_by_us(None, error));
    for entry in [accepted(&prompt), said, end, accepted(&learning)] {
        journal.append(entry).expect("appends");
    }
    let session = world.session(journal, Vec::new()).await;
    let workspace = session.paths.workspace();
    let victim = world.folder.path().join("victim");
    std::fs::create_dir(&victim).expect("makes it");
    std::os::unix::fs::symlink(&victim, workspace.join(".skills")).expect("links");
    let knowledge_base = session.paths.knowledge_base();
    std::fs::write(knowledge_base.join("COMPANY.md"), "# Who we are\n").expect("writes");

    session.write_material(learning.turn).expect("writes");
    let transcript = std::fs::read_to_string(workspace.join(LEARNING_TRANSCRIPT)).expect("reads");
    assert_eq!(transcript.lines().count(), 3, "{transcript}");
    assert!(transcript.contains("Fix the build") && transcript.contains("It was the cache."));
    assert!(!transcript.contains("What did you learn?"), "{transcript}");
    let index = std::fs::read_to_string(workspace.join(LEARNING_INDEX)).expect("reads");
    assert!(
        index.ends_with("\n- `worker_repo/COMPANY.md`: Who we are\n"),
        "{index}"
    );
    let through_the_link = std::fs::read_dir(&victim).expect("reads").count();
    assert_eq!(through_the_link, 0);
}
