//! Engines between turns: they stay for a while, not too many of them, and what they know stays longer.

use serde_json::json;
use vwm_api::SubsessionId;
use vwm_tests::{descendants, is_alive, until};

use super::{ask_in, pid, steps, world};

/// Forked twice, in a session of its own, without an environment, deaf to signals.
const DAEMON: &str = "trap '' HUP INT TERM; cd /; exec /bin/sh -c 'trap \"\" HUP INT TERM; echo $$ > \"$1\"; while :; do sleep 1 < /dev/null; done' kworker \"$OLDPWD/daemon.pid\"";

#[tokio::test]
async fn an_idle_engine_goes_with_all_that_it_left_and_comes_back_by_resume() {
    let world = world(&["--engine-idle", "1"]).await;
    let session = world.session("bob", None).await;
    let script = steps(
        json!([{"shell": "echo $PPID > engine.pid"}, {"daemon": DAEMON},
        {"shell": "until [ -s daemon.pid ]; do sleep 0.01; done"}, {"text": "left"}]),
    );
    assert_eq!(world.ask(session.id, &script).await.response, "left");
    for file in ["engine.pid", "daemon.pid"] {
        world.gone(pid(&world, session.id, file).await).await;
    }
    let recalled = world.ask(session.id, "RECALL").await.response;
    assert!(recalled.starts_with("recall: [\"SCRIPT: "), "{recalled}");
}

#[tokio::test]
async fn of_too_many_engines_the_least_recently_used_ones_go_and_their_conversations_stay() {
    let world = world(&["--max-engines", "2"]).await;
    // Over two sessions, and several conversations of one.
    let (one, other) = (
        world.session("bob", None).await,
        world.session("bob", None).await,
    );
    let talks = [SubsessionId::new(), SubsessionId::new()];
    let says_pid = |name: &str| steps(json!([{"shell": format!("echo $PPID > {name}.pid")}]));
    ask_in(&world, &one, talks[0], &says_pid("first")).await;
    ask_in(&world, &one, talks[1], &says_pid("second")).await;
    let first = pid(&world, one.id, "first.pid").await;
    let second = pid(&world, one.id, "second.pid").await;
    assert!(is_alive(first) && is_alive(second));
    world.ask(other.id, &says_pid("third")).await;
    world.gone(first).await;
    let third = pid(&world, other.id, "third.pid").await;
    assert!(is_alive(second) && is_alive(third));

    // It comes back, and the next one goes for it.
    let recalled = ask_in(&world, &one, talks[0], "RECALL").await;
    assert!(recalled.response.contains("first.pid"), "{recalled:?}");
    world.gone(second).await;
    assert!(is_alive(third));
}

#[tokio::test]
async fn engines_that_all_have_a_turn_stay_however_many_they_are() {
    let world = world(&["--max-engines", "1"]).await;
    let session = world.session("bob", None).await;
    let waits = |name: &str| {
        let script = format!("echo $PPID > {name}.pid; until [ -e go ]; do sleep 0.01; done");
        steps(json!([{"shell": script}, {"text": "done"}]))
    };
    let (one, other) = (waits("one"), waits("other"));
    let talk = SubsessionId::new();
    let go = async {
        let pids = [
            pid(&world, session.id, "one.pid").await,
            pid(&world, session.id, "other.pid").await,
        ];
        assert!(pids.iter().all(|pid| is_alive(*pid)));
        std::fs::write(world.volume(session.id).workspace().join("go"), "").expect("writes");
    };
    let (first, second, ()) = tokio::join!(
        world.ask(session.id, &one),
        ask_in(&world, &session, talk, &other),
        go
    );
    assert_eq!(
        (first.response.as_str(), second.response.as_str()),
        ("done", "done")
    );
    // Now one of them is too many.
    until("one engine to be left", async || {
        let engines = descendants(world.harness(session.id))
            .into_iter()
            .filter(|pid| {
                let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
                line.is_ok_and(|line| line.contains("scripted\0agent"))
            });
        (engines.count() == 1).then_some(())
    })
    .await;
}
