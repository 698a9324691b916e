//! What the agent finds in its workspace, and that preparing it again does no harm.

use serde_json::json;
use vwm_api::SessionStatus;
use vwm_tests::{Repository, kill};

use super::{branch, files, messages, notices, shell, world_of_bob};

const LIST: &str = "find . -mindepth 1 -maxdepth 1 -printf '%f %y\\n' | sort";

#[tokio::test]
async fn both_either_or_no_repository_make_a_workspace() {
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    for (has_knowledge, has_project) in [(false, false), (true, false), (false, true), (true, true)]
    {
        let url = has_knowledge.then(|| knowledge.url());
        let world = world_of_bob(json!({"workerRepoUrl": url})).await;
        let worker = world
            .client()
            .worker_by_name("bob")
            .await
            .expect("he is there");
        let session = world.session("bob", has_project.then_some(&project)).await;
        let mut expected = vec![".skills d", "AGENTS.md f", "CLAUDE.md f", "attachments d"];
        if has_project {
            expected.push("session_repo d");
        }
        if has_knowledge {
            expected.push("worker_repo l");
        }
        let list = shell(&world, session.id, LIST).await;
        let mut found: Vec<_> = list.lines().collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        let text = std::fs::read_to_string(world.volume(session.id).workspace().join("CLAUDE.md"));
        let text = text.expect("it is there");
        assert_eq!(
            text.contains("- `worker_repo/COMPANY.md`: Who we are"),
            has_knowledge,
            "{text}"
        );
        assert_eq!(text.contains("`session_repo/`"), has_project, "{text}");

        world.end(session.id).await;
        let own = format!("ff-vwm/{}-{}", worker.id, session.id);
        assert_eq!(
            project.branches().contains(&branch(session.id)),
            has_project
        );
        assert_eq!(knowledge.branches().contains(&own), has_knowledge);
        if has_project {
            assert_eq!(project.tip(&branch(session.id)), project.tip("main"));
        }
        if has_knowledge {
            assert_eq!(knowledge.tip(&own), knowledge.tip("main"));
        }
    }
}

#[tokio::test]
async fn a_workspace_that_is_prepared_again_is_the_same() {
    let project = Repository::with(&[("a.md", "a\n"), ("gone.md", "b\n")]);
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let world =
        world_of_bob(json!({"workerRepoUrl": knowledge.url(), "agentMd": "You are Bob."})).await;
    let id = world.session("bob", Some(&project)).await.id;
    let work = "cd session_repo; echo c > c.md; git add c.md; git commit --quiet -m 'Add c'; echo more >> a.md; rm gone.md; \
                echo new > new.md; echo staged > staged.md; git add staged.md; echo x > ../attachments/x; \
                echo learned > ../worker_repo/learnings/l.md";
    shell(&world, id, work).await;
    // The trees, their rights and contents, and what git thinks of them.
    let look = "find . ! -path '*/.git/*' ! -name CLAUDE.md ! -name AGENTS.md -printf '%p %y %m %s %l\\n' | sort; \
                cat worker_repo/learnings/l.md; cd session_repo; git status --short --branch; git log --format='%H %s'; \
                git diff; git diff --cached";
    let read = "cat CLAUDE.md; cmp CLAUDE.md AGENTS.md";
    let before = shell(&world, id, look).await;
    assert!(before.contains("?? new.md"), "{before}");
    let role = shell(&world, id, read).await;

    for _ in 0..2 {
        let harness = world.harness(id);
        kill(harness, rustix::process::Signal::KILL);
        world.gone(harness).await;
        world.reaches(id, SessionStatus::Suspended).await;
        assert_eq!(shell(&world, id, look).await, before);
        // The list of what there is to know has the new learning, too.
        let known = format!("{role}- `worker_repo/learnings/l.md`: learned\n");
        assert_eq!(shell(&world, id, read).await, known);
    }
    world.end(id).await;
    let own = branch(id);
    assert_eq!(
        files(&project, &own),
        ["a.md", "c.md", "new.md", "staged.md"]
    );
    assert_eq!(
        messages(&project, &own),
        [format!("Leftovers of session {id}"), "Add c".into()]
    );
    assert_eq!(notices(&world, id).await, []);
}
