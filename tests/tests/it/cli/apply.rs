//! `vwm worker apply`: files of every form, and all faults at once.

use serde_json::json;
use vwm_client::SessionFilter;
use vwm_tests::{Said, World, vwm};

fn file(world: &World, name: &str, text: &str) {
    std::fs::write(world.folder().join(name), text).expect("writes");
}

#[tokio::test]
async fn files_in_yaml_and_json_and_from_standard_input_are_applied_and_twice_changes_nothing() {
    let world = World::start(json!({})).await;
    let engine = format!(
        "engine: {{command: {}, args: [scripted, agent]}}",
        vwm().display()
    );
    let team = format!(
        "name: ann\ncliType: acp\ndescription: Reviews\n{engine}\n---\n# The second one.\nname: bob\ncliType: acp\nagentMd: |\n  # Bob\n\n  Builds.\n{engine}\n"
    );
    file(&world, "team.yaml", &team);
    let eve = json!({"name": "eve", "cliType": "acp", "engine": {"command": "sh"}, "approvals": {"mode": "ask"}});
    file(&world, "eve.json", &eve.to_string());
    let args = ["worker", "apply", "-f", "team.yaml", "eve.json"];
    let first = world.says(&args).await;
    let made = "worker ann created (revision 1)\nworker bob created (revision 1)\nworker eve created (revision 1)\n";
    assert_eq!((first.code, first.out.as_str()), (Some(0), made));
    assert!(
        first.err.starts_with("warning: eve: approvals"),
        "{}",
        first.err
    );
    let client = world.client();
    let before = client.workers().await.expect("a list");
    let second = world.says(&args).await;
    assert_eq!(second.out, made.replace("created", "unchanged"));
    assert_eq!(client.workers().await.expect("a list"), before);
    assert_eq!(
        before[1].definition.agent_md.as_deref(),
        Some("# Bob\n\nBuilds.\n")
    );

    let changed = team.replace("Reviews", "Reviews all");
    let said = Said::by_with(world.cli(&["worker", "apply", "-f", "-"]), &changed).await;
    let head = "--- ann, revision 1\n+++ standard input\n@@ ";
    assert!(said.out.starts_with(head), "{}", said.out);
    let told = "\n-description: Reviews\n+description: Reviews all\n";
    assert!(said.out.contains(told), "{}", said.out);
    let told = "\nworker ann changed (revision 2)\nworker bob unchanged (revision 1)\n";
    assert!(said.out.ends_with(told), "{}", said.out);
    let list = world.says(&["worker", "list", "--output", "json"]).await;
    let list: Vec<serde_json::Value> = serde_json::from_str(&list.out).expect("it is JSON");
    let names: Vec<_> = list.iter().map(|it| it["name"].as_str()).collect();
    assert_eq!(names, [Some("ann"), Some("bob"), Some("eve")]);
    let table = world.says(&["worker", "list"]).await.out;
    let heads: Vec<_> = table
        .lines()
        .map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(heads, [Some("NAME"), Some("ann"), Some("bob"), Some("eve")]);
}

#[tokio::test]
async fn every_fault_of_every_file_is_told_at_once_with_its_place_and_nothing_is_applied() {
    let world = World::start(json!({})).await;
    file(
        &world,
        "good.yaml",
        "name: ann\ncliType: acp\nengine: {command: sh}\n",
    );
    file(
        &world,
        "bad.yaml",
        "name: \"an n\"\ncliType: nobody\ntimeout: soon\nagentmd: x\nengine: 7\n---\ncliType: acp\n",
    );
    file(
        &world,
        "bad.json",
        "{\n  \"name\": \"joe\",\n  \"cliType\": \"acp\",\n  \"engine\": {\"command\": \"\"}\n}\n",
    );
    file(&world, "torn.yaml", "name: [ann\n");
    let said = world
        .says(&[
            "worker",
            "apply",
            "-f",
            "good.yaml",
            "bad.yaml",
            "bad.json",
            "torn.yaml",
        ])
        .await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let lines: Vec<_> = said.err.lines().collect();
    let expected = [
        "error: nothing was applied: there are faults",
        "  bad.yaml:1:7: a name has only letters, digits, `.`, `_` and `-`; take out ' '",
        "  bad.yaml:2:10: `cliType` is \"nobody\", and must be `claude-code` or `acp`",
        "  bad.yaml:3:10: `timeout` must be a whole number, and is a string",
        "  bad.yaml:4:1: there is no field `agentmd`; did you mean `agentMd`?",
        "  bad.yaml:5:9: engine must be an object of fields, and is a number",
        "  bad.yaml:7:1: `name` is missing; name the worker",
        "  bad.yaml:7:1: `engine` is missing; write `engine: {command: …, args: […]}` for the program to start",
    ];
    assert_eq!(lines[..expected.len()], expected);
    assert!(said.err.contains("\n  bad.json:4:25: "), "{}", said.err);
    assert!(said.err.contains("\n  torn.yaml:"), "{}", said.err);
    assert_eq!(world.client().workers().await.expect("a list"), []);

    let unknown = "name: ann\ncliType: acp\nruntime: nowhere\nengine: {command: sh}\n";
    let said = Said::by_with(world.cli(&["worker", "apply", "-f", "-"]), unknown).await;
    assert_eq!(said.code, Some(1));
    assert!(
        said.err
            .starts_with("error: nothing was applied\n  standard input: worker ann: "),
        "{}",
        said.err
    );
    assert!(
        said.err
            .ends_with("hint: the runtimes of this server: local\n"),
        "{}",
        said.err
    );
    let said = world.says(&["worker", "apply", "-f", "none.yaml"]).await;
    let told = "error: cannot read none.yaml; does it exist, and is it text?\n  because: No such file or directory (os error 2)\n";
    assert_eq!(said, Said::new(1, "", told));
    assert_eq!(world.client().workers().await.expect("a list"), []);
    assert_eq!(
        world
            .client()
            .sessions(&SessionFilter::default())
            .await
            .expect("a list")
            .items,
        []
    );
}

#[tokio::test]
async fn a_dry_run_of_a_folder_shows_what_would_change_and_changes_nothing() {
    let world = World::start(json!({})).await;
    let stored = json!({"engine": {"command": "sh"}, "agentMd": "One.\nTwo.\n", "skills": ["a"]});
    let before = world.worker(stored).await;
    std::fs::create_dir(world.folder().join("team")).expect("a folder");
    let acp = "cliType: acp\nengine: {command: sh}\n";
    file(&world, "team/ann.yml", &format!("name: ann\n{acp}"));
    let bob = format!("name: bob\n{acp}agentMd: \"One.\\nThree.\\n\"\n");
    file(&world, "team/bob.yaml", &bob);
    file(&world, "team/README.md", "no worker");
    let args = ["worker", "apply", "-f", "team"];
    let dry = world.says(&[&args[..], &["--dry-run"]].concat()).await;
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    for part in [
        "--- ann, not there yet\n+++ team/ann.yml\n",
        "\n+name: ann\n",
        "\nworker ann would be created\n",
        "\n-  Two.\n+  Three.\n",
        "\n-skills:\n",
        "\nworker bob would be changed\n",
    ] {
        assert!(dry.out.contains(part), "{part:?}:\n{}", dry.out);
    }
    assert!(dry.out.contains("\n+runtime: local\n"), "{}", dry.out);
    let client = world.client();
    assert_eq!(client.workers().await.expect("a list"), [before]);

    let report = world
        .says(&[&args[..], &["--output", "json"]].concat())
        .await;
    let report: Vec<serde_json::Value> = serde_json::from_str(&report.out).expect("it is JSON");
    let changes: Vec<_> = report.iter().map(|it| it["change"].as_str()).collect();
    assert_eq!(changes, [Some("created"), Some("changed")]);
    let bob = client.worker_by_name("bob").await.expect("he is there");
    assert_eq!(
        (
            bob.definition.agent_md.as_deref(),
            bob.definition.skills.len()
        ),
        (Some("One.\nThree.\n"), 0)
    );
    let dry = world.says(&[&args[..], &["--dry-run"]].concat()).await;
    assert_eq!(
        dry,
        Said::new(0, "worker ann unchanged\nworker bob unchanged\n", "")
    );
}

#[tokio::test]
async fn a_locked_worker_is_found_before_anything_is_applied() {
    let world = World::start(json!({})).await;
    world.worker(json!({"name": "bob", "locked": true})).await;
    let worker = |name: &str| format!("name: {name}\ncliType: acp\nengine: {{command: sh}}\n");
    file(&world, "a.yaml", &worker("ann"));
    file(&world, "b.yaml", &worker("bob"));
    let args = ["worker", "apply", "-f", "a.yaml", "b.yaml"];
    for args in [&args[..], &[&args[..], &["--dry-run"]].concat()] {
        let said = world.says(args).await;
        let told = "error: nothing was applied\n  b.yaml: worker bob is locked\n\
                    hint: an admin's key may go over the lock with --force\n";
        assert_eq!(said, Said::new(1, "", told));
    }
    let said = world.says(&[&args[..], &["--force"]].concat()).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.out.contains("worker bob changed (revision 2)"),
        "{}",
        said.out
    );
}

#[tokio::test]
async fn a_refusal_names_the_worker_its_file_and_what_was_applied_before_it() {
    let world = World::start(json!({})).await;
    let worker = |name: &str| format!("name: {name}\ncliType: acp\nengine: {{command: sh}}\n");
    file(&world, "a.yaml", &worker("ann"));
    // More than the server takes, which only the server knows.
    let large = format!("{}env: {{LARGE: {}}}\n", worker("bob"), "x".repeat(3 << 20));
    file(&world, "b.yaml", &large);
    let refused = async |files: &[&str], before: &str, out: &str| {
        let args = [&["worker", "apply", "-f"], files].concat();
        let said = world.says(&args).await;
        assert_eq!((said.code, said.out.as_str()), (Some(1), out));
        let beginning = format!("error: b.yaml: worker bob is not applied; {before}\n  because: ");
        assert!(said.err.starts_with(&beginning), "{}", said.err);
    };
    let made = "worker ann created (revision 1)\n";
    refused(&["b.yaml"], "nothing was applied before it", "").await;
    refused(&["a.yaml", "b.yaml"], "applied before it: ann", made).await;
}
