//! What the worker is told before it is asked, and with which model.

use serde_json::json;
use vwm_api::{EventBody, Resume};
use vwm_scripted::Call;
use vwm_tests::{Repository, World};

use super::{recall, session, starts, world};

/// The model's request that answers this prompt.
fn request(world: &World, prompt: &str) -> Call {
    let calls = world.model.calls();
    calls
        .into_iter()
        .find(|call| call.is_turn() && call.last_user == prompt)
        .expect("the model was asked")
}

/// Where the last copies of these texts stand in a request.
fn places(call: &Call, texts: &[&str]) -> Vec<usize> {
    let body = call.body.to_string();
    let place = |text: &&str| {
        body.rfind(*text)
            .unwrap_or_else(|| panic!("{text:?} is not in the request: {body}"))
    };
    texts.iter().map(place).collect()
}

#[tokio::test]
async fn the_system_speaks_first_then_the_role_then_the_knowledge_base_and_a_change_reaches_the_next_turn()
 {
    let world = world(json!({})).await;
    let knowledge = Repository::with(&[
        ("COMPANY.md", "# We build rockets\n"),
        ("guidelines/api.md", "# How our interfaces look\n"),
    ]);
    let client = world.client();
    let old = "System: answer in whole sentences.";
    client
        .put_setting("system_agent_md", &json!(old))
        .await
        .expect("a setting");
    let role = "You are Bob, and you push back on bad ideas.";
    let worker = json!({"agentMd": role, "workerRepoUrl": knowledge.url()});
    let session = session(&world, worker, None).await;

    world.ask(session.id, "one").await;
    let index = [
        "`worker_repo/COMPANY.md`: We build rockets",
        "`worker_repo/guidelines/api.md`: How our interfaces look",
    ];
    let found = places(&request(&world, "one"), &[old, role, index[0], index[1]]);
    assert!(found.is_sorted(), "{found:?}");

    let new = "System: answer in rhymes.";
    client
        .put_setting("system_agent_md", &json!(new))
        .await
        .expect("a setting");
    assert_eq!(
        world.ask(session.id, "RECALL").await.response,
        recall(&["one", "RECALL"])
    );
    // What was said stays said; Claude Code tells that the new copy takes the place of the old one.
    let replaces = "each replaces its earlier copy";
    let found = places(
        &request(&world, "RECALL"),
        &[old, replaces, new, role, index[0], index[1]],
    );
    assert!(found.is_sorted(), "{found:?}");

    let events = world.events_until_turn_ends(session.id, 2).await;
    let starts: Vec<_> = starts(&events)
        .iter()
        .map(|start| (start.settings_revision, start.resume))
        .collect();
    assert_eq!(starts, [(1, Resume::Fresh), (2, Resume::Resumed)]);
}

#[tokio::test]
async fn the_model_and_its_limit_reach_the_request_and_what_cannot_is_told() {
    let world = world(json!({})).await;
    let config = json!({"model": "claude-opus-4-5", "maxTokens": 4321, "temperature": 0.5});
    let session = session(&world, json!({"modelConfig": config}), None).await;
    world.ask(session.id, "one").await;
    let call = request(&world, "one");
    assert_eq!(
        (call.model.as_deref(), call.max_tokens),
        (Some("claude-opus-4-5"), Some(4321))
    );

    let events = world.events_until_turn_ends(session.id, 1).await;
    assert_eq!(starts(&events)[0].model.as_deref(), Some("claude-opus-4-5"));
    let notices: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Notice { code, message } => Some((code.as_str(), message.as_str())),
            _ => None,
        })
        .collect();
    let message = "modelConfig.temperature: Claude Code chooses the temperature itself; remove it";
    assert_eq!(notices, [("ignored_setting", message)]);
}
