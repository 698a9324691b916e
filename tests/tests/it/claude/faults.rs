//! A model that fails ends the turn within bounded time, in words that say what to do, and the session goes on.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use vwm_api::{Answer, Prompt, Session, SessionId, SubsessionId, TurnStatus};
use vwm_scripted::{ModelServer, Script};
use vwm_tests::World;

use super::{ask_in, claude_code, end, recall, session, told, world};

/// How the turn ends of a prompt that a rule's fault meets.
struct Fault {
    prompt: &'static str,
    code: &'static str,
    retryable: bool,
    /// At most.
    within: Duration,
    /// How often it is tried again.
    retries: usize,
}

const fn fault(prompt: &'static str, code: &'static str, retryable: bool, within_s: u64, retries: usize) -> Fault {
    Fault { prompt, code, retryable, within: Duration::from_secs(within_s), retries }
}

/// A turn failed as its fault wants it, and its conversation goes on.
async fn fails_and_goes_on(world: &World, session: &Session, fault: &Fault) {
    let talk = SubsessionId::new();
    let answer = ask_in(world, session, talk, fault.prompt).await;
    fails(world, session.id, &answer, fault).await;
    let next = ask_in(world, session, talk, "RECALL").await;
    assert_eq!(end(&next), (TurnStatus::Complete, None, recall(&[fault.prompt, "RECALL"]).as_str()));
}

async fn fails(world: &World, session: SessionId, answer: &Answer, fault: &Fault) {
    let error = answer.error.as_ref().unwrap_or_else(|| panic!("{} did not fail: {answer:?}", fault.prompt));
    assert_eq!(
        (answer.status, error.code.as_str(), error.retryable),
        (TurnStatus::Failed, fault.code, fault.retryable),
        "{}: {}",
        fault.prompt,
        error.message
    );
    let took = Duration::from_millis(answer.duration_ms.and_then(|ms| ms.try_into().ok()).expect("it took time"));
    println!("{}: {took:?}: {}", fault.prompt, error.message);
    assert!(took <= fault.within, "{} took {took:?}", fault.prompt);
    assert_eq!(retries, fault.retries, "{}: {:?}", fault.prompt, told(&own));
}
