//! `vwm run`, `vwm prompt` and `vwm session`.

use serde_json::{Value, json};
use vwm_api::{SessionId, SessionStatus};
use vwm_client::SessionFilter;
use vwm_tests::{Repository, Said, World, scripted_agent};

async fn only_session(world: &World) -> SessionId {
    let client = world.client();
    let all = client
        .sessions(&SessionFilter::default())
        .await
        .expect("a list");
    assert_eq!(all.items.len(), 1);
    all.items[0].id
}

#[tokio::test]
async fn a_run_shows_the_answer_folds_tools_and_names_the_branches() {
    let world = World::start(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let worker = world
        .worker(json!({"engine": scripted_agent(), "workerRepoUrl": knowledge.url()}))
        .await;
    let steps = r#"SCRIPT: [{"think": "hm"}, {"shell": "printf 'one\ntwo\n'"}, {"write": ["session_repo/a.md", "a\n"]}, {"shell": "exit 3"}, {"text": "all done"}]"#;
    let said = world
        .says(&["run", "bob", steps, "--repo", &project.url()])
        .await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "all done\n"));
    let id = only_session(&world).await;
    let expected = format!(
        "hm\n\
         → printf 'one two ' ✓\n    one\n    two\n\
         → write session_repo/a.md ✓ wrote session_repo/a.md\n\
         → exit 3 ✗ exit status: 3\n\
         · ending the session\n\
         · session-ID is pushed at {} in {}\n\
         · ff-vwm/ID-ID is pushed at {} in {}\n\
         · complete · TIME · tokens and cost unknown",
        project.tip(&format!("session-{id}")),
        project.url(),
        knowledge.tip(&format!("ff-vwm/{}-{id}", worker.id)),
        knowledge.url()
    );
    assert_eq!(said.err_without_times(), expected);
    assert_eq!(
        project.file(&format!("session-{id}"), "a.md").as_deref(),
        Some("a\n")
    );
}

#[tokio::test]
async fn a_run_for_programs_is_one_json_object_and_nothing_else() {
    let world = World::start(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    world.worker(json!({"engine": scripted_agent()})).await;
    let args = [
        "run",
        "bob",
        "hello",
        "--output",
        "json",
        "--repo",
        &project.url(),
    ];
    let said = world.says(&args).await;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let told: Value = serde_json::from_str(&said.out).expect("it is JSON");
    assert_eq!(told["answer"]["response"], "echo: hello");
    assert_eq!(
        (&told["answer"]["status"], &told["answer"]["error"]),
        (&json!("complete"), &Value::Null)
    );
    assert_eq!(told["session"]["status"], "ended");
    assert_eq!(
        told["branches"],
        json!([{
            "repository": project.url(), "branch": "session-ID",
            "sha": project.tip(&format!("session-{}", only_session(&world).await)),
        }])
    );
    assert_eq!(told["error"], Value::Null);

    let args = ["run", "bob", "SCRIPT: {\"fail\": \"boom\"}", "--json"];
    let said = world.says(&args).await;
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let told: Value = serde_json::from_str(&said.out).expect("it is JSON");
    assert_eq!(told["answer"]["status"], "failed");
    let message = told["answer"]["error"]["message"]
        .as_str()
        .unwrap_or_default();
    assert!(message.contains("boom"), "{message}");
    assert_eq!(
        (&told["session"]["status"], &told["branches"]),
        (&json!("ended"), &json!([]))
    );
}

#[tokio::test]
async fn a_run_that_fails_says_why_and_still_pushes() {
    let world = World::start(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    world.worker(json!({"engine": scripted_agent()})).await;
    let steps = r#"SCRIPT: [{"write": ["session_repo/a.md", "a\n"]}, {"fail": "boom"}]"#;
    let said = world
        .says(&["run", "bob", steps, "--repo", &project.url()])
        .await;
    let id = only_session(&world).await;
    let told = format!(
        "→ write session_repo/a.md ✓ wrote session_repo/a.md\n\
         the agent answered the prompt with an error (-32603): boom; look at the program's own setup, then prompt again\n\
         · ending the session\n· session-ID is pushed at {} in {}\n\
         · failed · TIME · tokens and cost unknown",
        project.tip(&format!("session-{id}")),
        project.url()
    );
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert_eq!(said.err_without_times(), told);
    assert_eq!(
        project.file(&format!("session-{id}"), "a.md").as_deref(),
        Some("a\n")
    );
    let said = world.says(&["run", "bob", " "]).await;
    let told =
        "error: the prompt is empty\nhint: say what the worker is to do, or pipe it in with `-`\n";
    assert_eq!(said, Said::new(2, "", told));
}

#[tokio::test]
async fn what_was_not_pushed_is_not_said_to_be() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let project = Repository::empty();
    let said = world
        .says(&["run", "bob", "hello", "--repo", &project.url()])
        .await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "echo: hello\n"));
    let not = "· ending the session\n· nothing was committed, so session-ID is not pushed\n· complete · TIME · tokens and cost unknown";
    let told = said.err_without_times();
    assert!(told.ends_with(not), "{told}");
    assert_eq!(project.branches(), [""; 0]);
}

#[tokio::test]
async fn a_run_for_programs_that_does_not_start_is_one_json_object_too() {
    let world = World::start(json!({})).await;
    let run = async |worker: &str, url: &str| {
        let args = ["run", worker, "hello", "--output", "json", "--repo", url];
        let said = world.says(&args).await;
        assert_eq!(said.code, Some(1), "{}", said.err);
        let told: Value = serde_json::from_str(&said.out).expect("it is JSON");
        assert_eq!(
            (&told["answer"], &told["branches"]),
            (&Value::Null, &json!([]))
        );
        let message = told["error"]["message"].as_str().expect("it says why");
        assert!(said.err.starts_with("error: "), "{}", said.err);
        assert!(said.err.contains(message), "{}", said.err);
        told
    };
    let told = run("bob", "file:///nowhere.git").await;
    assert_eq!(told["error"]["message"], "there is no worker \"bob\"");
    assert_eq!(told["session"], Value::Null);
    world.worker(json!({"engine": scripted_agent()})).await;
    let told = run("bob", "file:///nowhere.git").await;
    assert_eq!(told["session"]["status"], "failed");
}

#[tokio::test]
async fn a_session_that_is_kept_is_prompted_listed_shown_and_ended() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let empty = world.says(&["session", "list"]).await;
    assert_eq!((empty.code, empty.out.as_str()), (Some(0), ""));
    let said = Said::by_with(world.cli(&["run", "bob", "-", "--keep"]), "from a pipe").await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "echo: from a pipe\n")
    );
    let kept =
        "· the session is open: `vwm prompt ID \"…\"` goes on, `vwm session end ID` ends it\n";
    assert!(said.err.ends_with(kept), "{}", said.err);
    let id = only_session(&world).await;
    let text = id.to_string();
    let said = world.says(&["prompt", &text, "RECALL"]).await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "recall: [\"from a pipe\",\"RECALL\"]\n")
    );

    let list = world
        .says(&["session", "list", "--worker", "bob", "--status", "active"])
        .await;
    let rows: Vec<Vec<_>> = list
        .out
        .lines()
        .map(|line| line.split_whitespace().take(3).collect())
        .collect();
    assert_eq!(
        rows,
        [vec!["ID", "WORKER", "STATUS"], vec!["ID", "bob", "active"]]
    );
    let shown = world.says(&["session", "show", &text]).await.out;
    for line in [
        "worker       bob, revision 1",
        "status       active",
        "wall         landlock",
        "repository   –",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line}:\n{shown}");
    }
    let turns: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("ID  "))
        .collect();
    assert_eq!(turns.len(), 2, "{shown}");
    assert!(
        turns[0].contains("complete") && turns[0].ends_with("from a pipe"),
        "{shown}"
    );
    let json = world
        .says(&["session", "show", &text, "--output", "json"])
        .await
        .out;
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(
        (
            &json["stats"]["totalRequests"],
            &json["requests"][1]["prompt"]
        ),
        (&json!(2), &json!("RECALL"))
    );

    let asked = world.says(&["session", "end", &text, "--no-wait"]).await;
    assert_eq!(asked, Said::new(0, "session ID is ending\n", ""));
    world.reaches(id, SessionStatus::Ended).await;
    let said = world.says(&["prompt", &text, "hi"]).await;
    let told = "error: Session is not active: it is ended; start another\n";
    assert_eq!(said, Said::new(1, "", told));
}
