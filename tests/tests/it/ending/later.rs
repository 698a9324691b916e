//! `POST /sessions/:id/push` under faults: killed in the middle, asked twice, asked for nothing, and with a damaged bundle.

use vwm_api::{PushResult, SessionId};
use vwm_tests::{Repository, Said, is_alive, no_process_of, processes_of, within, without_ids};

use super::{Worked, blobs};

/// An ended session whose remotes took nothing, and take everything now.
async fn left() -> (Worked, Vec<vwm_api::Unpushed>) {
    let worked = Worked::new("0").await;
    worked.both(Repository::refuse_pushes);
    worked.world.end(worked.session).await;
    let left = worked.is_over().await;
    assert_eq!(left.len(), 2, "{left:?}");
    worked.both(Repository::take_pushes);
    (worked, left)
}

async fn refusal(worked: &Worked, session: SessionId) -> (Option<u16>, String) {
    let asked = worked.world.client().push_session(session).await;
    let error = asked.expect_err("it is refused");
    (error.status(), error.to_string())
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_a_push_leaves_nothing_and_the_next_push_brings_it()
 {
    let (mut worked, left) = left().await;
    worked.project.hold_pushes();
    let client = worked.world.client();
    let session = worked.session;
    let pushing = tokio::spawn(async move { client.push_session(session).await });
    worked.project.holds().await;
    let running = processes_of(session);
    assert!(
        running.iter().any(|pid| is_alive(*pid)),
        "git works in the session's folder"
    );
    worked.world.take_server().kill();
    let lost = within("the loss", pushing)
        .await
        .expect("it is not stopped");
    assert!(lost.expect_err("the server is gone").is_passing());
    no_process_of(session).await;
    assert_eq!(worked.project.branches(), ["main"]);

    worked.world.start_server(&[]);
    let folder = worked
        .world
        .data_dir()
        .join("push")
        .join(session.to_string());
    assert!(!folder.exists());
    worked.project.release_pushes();
    worked.is_brought_by_push(&left).await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn of_two_pushes_at_once_the_second_is_told_to_wait() {
    let (worked, left) = left().await;
    worked.project.hold_pushes();
    let client = worked.world.client();
    let session = worked.session;
    let pushing = tokio::spawn(async move { client.push_session(session).await });
    worked.project.holds().await;
    let second = refusal(&worked, session).await;
    assert_eq!(
        second,
        (
            Some(409),
            "A push of this session is under way; ask again when it is over".to_owned()
        )
    );
    worked.project.release_pushes();
    let first = within("the first push", pushing)
        .await
        .expect("it is not stopped");
    let first = first.expect("it answers");
    assert_eq!((first.pushed.len(), first.unpushed), (2, vec![]));
    let tips = [left[0].sha.clone(), left[1].sha.clone()];
    worked.is_at_the_remotes(&tips).await;
}

#[tokio::test]
async fn a_session_that_has_not_ended_or_is_not_known_is_not_pushed() {
    let worked = Worked::new("600").await;
    let active = refusal(&worked, worked.session).await;
    let message =
        "Session has not ended: it is active; its end pushes, and this is for what that could not";
    assert_eq!(active, (Some(409), message.to_owned()));
    let said = worked.pushes().await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains(message), "{}", said.err);

    let unknown = SessionId::new();
    assert_eq!(
        refusal(&worked, unknown).await,
        (Some(404), "Session not found".to_owned())
    );
    let unknown = unknown.to_string();
    let said = worked.world.says(&["session", "push", &unknown]).await;
    let told =
        "error: there is no session ID\nhint: `vwm session list` shows those that there are\n";
    assert_eq!(said, Said::new(1, "", told));
}

#[tokio::test]
async fn a_damaged_bundle_is_told_of_and_holds_up_no_other_branch() {
    let (worked, left) = left().await;
    let bundle = blobs(&worked.world).into_iter().find(|path| {
        let bytes = std::fs::read(path).expect("it can be read");
        String::from_utf8_lossy(&bytes)
            .contains(&format!("{} refs/heads/{}", left[0].sha, left[0].branch))
    });
    let bundle = bundle.expect("it is kept");
    let whole = std::fs::read(&bundle).expect("it can be read");
    let mut damaged = whole.clone();
    let last = damaged.last_mut().expect("it holds something");
    *last ^= 1;
    std::fs::write(&bundle, damaged).expect("writes");

    let hash = bundle.file_name().expect("a name").to_string_lossy();
    let reason = format!(
        "its bundle unpushed-session.bundle is damaged: blob {hash} holds something else; restore blobs/ from a backup of the data directory"
    );
    let (session, knowledge) = (&left[0], &left[1]);
    let said = worked.pushes().await;
    let out = format!(
        "{} is pushed at {} in {}\n",
        knowledge.branch, knowledge.sha, knowledge.url
    );
    let err = format!(
        "error: not pushed: {} in {}: {reason}\n\
         hint: the commits are kept; mend that, and ask again with `vwm session push ID`\n",
        session.branch, session.url
    );
    assert_eq!(said, Said::new(1, without_ids(&out), without_ids(&err)));
    assert!(worked.learned().await.git_pushed);
    assert_eq!(worked.project.branches(), ["main"]);

    std::fs::write(&bundle, whole).expect("writes");
    let result = worked.world.client().push_session(worked.session).await;
    let PushResult { pushed, unpushed } = result.expect("it answers");
    assert_eq!((pushed.len(), unpushed), (1, vec![]));
    let tips = [session.sha.clone(), knowledge.sha.clone()];
    worked.is_at_the_remotes(&tips).await;
}
