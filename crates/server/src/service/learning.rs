//! Whether a session's end learns: the choice, and what its turn is asked.

use vwm_api::harness::{LEARNING_INDEX, LEARNING_TRANSCRIPT, learning_path};
use vwm_api::{SessionId, SessionStatus, SubsessionId, WorkerDefinition};
use vwm_store::{Learn, LearningTurn};

/// The built-in skill, word for word.
const SKILL: &str = include_str!("../skills/session-learning.md");

/// Chooses for a session that ends from this status. Whether any prompt was completed only the store can say, when it ends.
pub(crate) fn choose(
    worker: &WorkerDefinition,
    session: SessionId,
    from: SessionStatus,
    timeout_s: u32,
) -> Learn {
    if !worker.auto_learn {
        return Learn::No;
    }
    let skip = |why: &str| Learn::Skip(why.to_owned());
    match from {
        SessionStatus::Pending => return skip("the session was not active yet"),
        SessionStatus::Failed => return skip("the session had failed"),
        // The last two cannot end once more.
        SessionStatus::Active
        | SessionStatus::Suspended
        | SessionStatus::Ending
        | SessionStatus::Ended => {}
    }
    if worker.worker_repo_url.is_none() {
        return skip("the worker has no workerRepoUrl");
    }
    Learn::Turn(LearningTurn {
        // Where the worker remembers most of what was said.
        subsession: SubsessionId::main(session),
        prompt: prompt(session),
        timeout_s,
        without_prompts: "no prompt was completed".to_owned(),
    })
}

fn prompt(session: SessionId) -> String {
    SKILL
        .trim_end()
        .replace("{session}", &session.to_string())
        .replace("{file}", &learning_path(session))
        .replace("{transcript}", LEARNING_TRANSCRIPT)
        .replace("{index}", LEARNING_INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blank_of_the_skill_is_filled_in() {
        let session = SessionId::new();
        let prompt = prompt(session);
        assert!(!prompt.contains(['{', '}']), "{prompt}");
        for word in [
            format!("\n`worker_repo/learnings/session-{session}.md`\n"),
            format!("\nsession: {session}\n"),
            format!("`{LEARNING_TRANSCRIPT}`"),
            format!("`{LEARNING_INDEX}`"),
        ] {
            assert!(prompt.contains(&word), "no {word:?} in {prompt}");
        }
    }
}
