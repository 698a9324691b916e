//! What an agent leaves behind: it is gone, however its engine, its turn, its session or its harness ends.

use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::{AbortRequest, Session, TurnStatus};
use vwm_tests::{World, is_alive, kill, within};

use super::{steps, world};

/// Forked twice, in a session of its own, without an environment, under another name and as another program, deaf to signals.
const DAEMON: &str = "trap '' HUP INT TERM; cp /bin/sh kworker; cd /; exec 3> /dev/null;
    exec \"$OLDPWD/kworker\" -c 'trap \"\" HUP INT TERM; echo $$ > \"$1\"; while :; do sleep 1 < /dev/null; done' kworker/0:1 \"$OLDPWD/daemon.pid\"";

fn daemon(then: Value) -> String {
    let mut script = json!([
        {"daemon": DAEMON},
        {"shell": "until [ -s daemon.pid ]; do sleep 0.01; done"},
    ]);
    let all = script.as_array_mut().expect("steps are a list");
    all.extend(then.as_array().expect("steps are a list").iter().cloned());
    steps(&script)
}

/// The daemon's pid, once it lives.
async fn living(world: &World, session: &Session) -> u32 {
    let pid = world.written(session.id, "daemon.pid").await;
    let pid = pid.trim().parse().expect("a pid");
    assert!(is_alive(pid));
    // It hides well: nothing of it tells whose it is.
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("it lives");
    let environment = String::from_utf8_lossy(&environment);
    assert!(!environment.contains("ANTHROPIC"), "{environment}");
    pid
}

#[tokio::test]
async fn a_daemon_is_gone_after_the_end_of_its_session() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let answer = world
        .ask(session.id, &daemon(json!([{"text": "left"}])))
        .await;
    assert_eq!(answer.response, "left");
    let pid = living(&world, &session).await;
    world.end(session.id).await;
    assert!(!is_alive(pid), "the session ended before the daemon");
}

#[tokio::test]
async fn a_daemon_is_gone_after_an_abort_and_the_end() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let client = world.client();
    let prompt = world.prompt(&daemon(json!([{"shell": "sleep 600"}])));
    let asked = tokio::spawn(async move { client.prompt(session.id, &prompt).await });
    let pid = living(
        &world,
        &world.client().session(session.id).await.expect("known"),
    )
    .await;
    let aborted = world
        .client()
        .abort(session.id, &AbortRequest::default())
        .await;
    aborted.expect("a turn runs");
    let answer = within("the aborted turn", asked)
        .await
        .expect("it is asked");
    assert_eq!(
        answer.expect("it is answered").status,
        TurnStatus::Cancelled
    );
    world.end(session.id).await;
    assert!(!is_alive(pid), "the session ended before the daemon");
}

#[tokio::test]
async fn a_daemon_is_gone_when_its_harness_is_killed() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    world.ask(session.id, &daemon(json!([]))).await;
    let pid = living(&world, &session).await;
    let harness = world.harness(session.id);
    let below = vwm_tests::descendants(harness);
    assert!(below.contains(&pid), "{below:?}");
    kill(harness, Signal::KILL);
    for process in below {
        world.gone(process).await;
    }
}

#[tokio::test]
async fn a_daemon_is_gone_when_its_engine_ends_in_the_middle() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let answer = world.ask(session.id, &daemon(json!([{"exit": 3}]))).await;
    assert_eq!(answer.status, TurnStatus::Failed);
    let pid = world.written(session.id, "daemon.pid").await;
    let pid = pid.trim().parse().expect("a pid");
    assert!(!is_alive(pid), "the turn ended before the daemon");
    // The engine comes back.
    let answer = world.ask(session.id, "still there?").await;
    assert_eq!(answer.response, "echo: still there?");
}

#[tokio::test]
async fn processes_that_fork_on_and_on_are_gone_after_the_end() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    // Each starts the next one and ends; bounded, in case it is not caught.
    let script = format!(
        "cat > hop <<'END'
trap '' HUP INT TERM
echo $1 > $2; [ $1 -gt 0 ] || exit
setsid sh ./hop $(($1 - 1)) $2 $3 &
END
         for i in 1 2 3; do sh ./hop 20000 hop.$i {} & done
         until [ -s hop.3 ]; do sleep 0.01; done",
        session.id
    );
    super::agent(&world, &session, &script).await;
    world.end(session.id).await;
    let id = session.id.to_string();
    let is_ours = |pid: &u32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
        line.is_ok_and(|line| line.contains("./hop\0") && line.contains(&id))
    };
    let left: Vec<u32> = vwm_tests::descendants(1)
        .into_iter()
        .filter(is_ours)
        .collect();
    assert_eq!(left, Vec::<u32>::new());
}
