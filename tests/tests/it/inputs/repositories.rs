//! Repositories and programs that cannot be used.

use serde_json::json;
use vwm_api::{NewSession, Repository as SessionRepository, Session, SessionStatus};
use vwm_client::SessionFilter;
use vwm_tests::{Door, Repository, Said, World, scripted_agent};

/// Makes a session of bob in any repository.
async fn session_at(world: &World, url: &str, branch: &str) -> Session {
    let new = NewSession {
        worker_name: Some("bob".into()),
        repository: Some(SessionRepository {
            url: url.into(),
            branch: branch.into(),
        }),
        ..NewSession::default()
    };
    let made = world.client().create_session(&new).await;
    made.expect("the session is made")
}

/// A session that failed says why, keeps its workspace for who looks, and goes away when it is ended.
async fn fails_and_ends(world: &World, session: Session, sentence: &str) {
    let failed = world.reaches(session.id, SessionStatus::Failed).await;
    assert_eq!(failed.status_reason.as_deref(), Some(sentence));
    assert!(world.volume(session.id).root.exists());
    world.end(session.id).await;
    assert!(!world.volume(session.id).root.exists());
}

fn did_not_start(sentence: &str) -> Said {
    let told = format!(
        "error: session ID did not start: {sentence}\nhint: mend that and try again; `vwm session end ID` removes this one\n"
    );
    Said::new(1, "", told)
}

#[tokio::test]
async fn a_repository_that_cannot_be_used_fails_the_session_with_what_to_do() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let (there, locked) = (project.url(), Door::locked().url);
    let missing = format!("{there}.none");
    let wanted = locked.trim_end_matches("/team/service.git");
    let cases = [
        (
            &missing,
            "main",
            format!(
                "there is no repository at {missing}, or it is not visible; check the address and who may read it"
            ),
        ),
        (
            &there,
            "develop",
            format!("the repository {there} has no branch develop; it has main"),
        ),
        (
            &locked,
            "main",
            format!(
                "the repository {locked} needs a password or key; give the server one that may read and write it: \
                 fatal: could not read Username for '{wanted}': terminal prompts disabled"
            ),
        ),
    ];
    for (url, branch, sentence) in cases {
        let session = session_at(&world, url, branch).await;
        fails_and_ends(&world, session, &sentence).await;
        let args = ["run", "bob", "hi", "--repo", url, "--branch", branch];
        assert_eq!(world.says(&args).await, did_not_start(&sentence));
    }
    assert_eq!(project.branches(), ["main"]);
}

#[tokio::test]
async fn an_address_that_can_never_be_used_makes_no_session() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let cases = [
        ("/srv/service.git", "a folder is named as `file:///folder`"),
        (
            "ext::sh -c id",
            "an address has no spaces and no control characters",
        ),
        (
            "https://bob:secret@git.example.com/a.git",
            "a user, token or password does not belong in an address; use an ssh address and a key of the server's user",
        ),
    ];
    for (url, sentence) in cases {
        let said = world.says(&["run", "bob", "hi", "--repo", url]).await;
        let told = format!("error: Validation Error\n  repository.url: {sentence}\n");
        assert_eq!(said, Said::new(1, "", told));
    }
    let client = world.client();
    let all = client.sessions(&SessionFilter::default()).await;
    assert_eq!(all.expect("a list").items, []);
}

#[tokio::test]
async fn a_knowledge_base_whose_learnings_are_a_link_fails_the_session() {
    let world = World::start(json!({})).await;
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    knowledge.script("ln -s /etc learnings; git add learnings; git commit --quiet -m link");
    world
        .worker(json!({"engine": scripted_agent(), "workerRepoUrl": knowledge.url()}))
        .await;
    let session = world.new_session("bob", None).await;
    let sentence = "learnings in the knowledge base is a link; make it a folder in branch main";
    fails_and_ends(&world, session, sentence).await;
    assert_eq!(knowledge.branches(), ["main"]);
}

#[tokio::test]
async fn a_program_that_is_not_there_or_speaks_another_language_is_named() {
    let world = World::start(json!({})).await;
    let engine = json!({"command": "/nowhere/agent"});
    world.worker(json!({"engine": engine})).await;
    let sentence = "the engine's program \"/nowhere/agent\" is not on this machine; install it, or name another in engine.command";
    let session = world.new_session("bob", None).await;
    fails_and_ends(&world, session, sentence).await;
    assert_eq!(
        world.says(&["run", "bob", "hi"]).await,
        did_not_start(sentence)
    );

    let engine = json!({"command": "true"});
    world
        .worker(json!({"name": "mute", "engine": engine}))
        .await;
    let said = world.says(&["run", "mute", "hi"]).await;
    let told = "the agent exited with code 0 while it started; it said nothing on its standard error; prompt again to start it anew\n\
                · ending the session\n\
                · failed · TIME · tokens and cost unknown";
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert_eq!(said.err_without_times(), told);
}
