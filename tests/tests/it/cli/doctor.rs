//! `vwm doctor`: what it finds on a machine, what it says to do, and what it leaves alone.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use vwm_tests::{Said, World, vwm};

const KEY: &str = "sk-test-0123456789";

/// The doctor in a home of its own, whose server would choose a free port.
fn doctor(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(vwm());
    command
        .arg("doctor")
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home)
        .env("VWM_LISTEN", "127.0.0.1:0")
        .current_dir(home);
    command
}

fn report(said: &Said) -> Value {
    assert_eq!(said.err, "");
    serde_json::from_str(&said.out).expect("it is JSON")
}

/// One check of a report.
fn check(report: &Value, name: &str) -> Value {
    let checks = report["checks"].as_array().expect("a list");
    let found = checks.iter().find(|check| check["name"] == name);
    found
        .unwrap_or_else(|| panic!("no check {name}: {report:#}"))
        .clone()
}

fn entries(folder: &Path) -> usize {
    folder.read_dir().expect("a folder").count()
}

#[tokio::test]
async fn in_an_empty_home_nothing_fails_the_engine_and_the_key_are_missed_and_nothing_is_written() {
    let home = tempfile::tempdir().expect("a folder");
    let said = Said::by(doctor(home.path(), &["--json"])).await;
    let told = report(&said);
    assert_eq!(said.code, Some(0), "{told:#}");
    let engine = check(&told, "engine claude-code");
    assert_eq!(engine["state"], "warn");
    assert_eq!(engine["todo"], "vwm engine install claude-code");
    let data = home.path().join(".local/share/vwm");
    let expected = [
        (
            "data directory",
            format!(
                "{} is not there yet; the first start makes it",
                data.display()
            ),
        ),
        (
            "database",
            "there is none yet; the first start makes it".to_owned(),
        ),
        (
            "server",
            "none runs; it would choose a free port".to_owned(),
        ),
        ("settings", "understood".to_owned()),
    ];
    for (name, found) in expected {
        let ok = json!({"name": name, "state": "ok", "found": found, "todo": null});
        assert_eq!(check(&told, name), ok);
    }
    let keys = check(&told, "keys");
    assert_eq!(
        (&keys["state"], &keys["found"]),
        (
            &json!("warn"),
            &json!("anthropic is not set; openai is not set; gemini is not set")
        )
    );
    assert_eq!(entries(home.path()), 0);
}

#[tokio::test]
async fn for_programs_it_is_one_json_object_of_a_fixed_shape() {
    let home = tempfile::tempdir().expect("a folder");
    let told = report(&Said::by(doctor(home.path(), &["--json"])).await);
    let fields: Vec<_> = told.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["checks", "leavesOpen"]);
    let checks = told["checks"].as_array().expect("a list");
    let names: Vec<_> = checks.iter().map(|check| &check["name"]).collect();
    assert_eq!(
        names,
        [
            "settings",
            "engine claude-code",
            "npm",
            "git",
            "wall",
            "user",
            "data directory",
            "disk",
            "database",
            "server",
            "keys"
        ]
    );
    for check in checks {
        let mut fields: Vec<_> = check.as_object().expect("an object").keys().collect();
        fields.sort();
        assert_eq!(fields, ["found", "name", "state", "todo"]);
        assert_eq!(check["state"] == "ok", check["todo"].is_null(), "{check}");
    }
    let open = told["leavesOpen"].as_array().expect("a list");
    assert_eq!(open.len(), vwm_harness::supervisor::leaves_open().len());
}

#[tokio::test]
async fn a_path_without_git_and_npm_is_told_with_what_to_do() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = doctor(home.path(), &["--json"]);
    command.env("PATH", home.path());
    let told = report(&Said::by(command).await);
    let git = check(&told, "git");
    assert_ne!(git["state"], "ok", "{git}");
    assert!(git["todo"].is_string(), "{git}");
    assert_eq!(
        check(&told, "npm"),
        json!({
            "name": "npm", "state": "warn", "found": "not on PATH; engines come from its registry",
            "todo": "install Node.js 20 or newer (it is needed only to install engines)",
        })
    );
}

#[tokio::test]
async fn what_fails_ends_it_with_1_and_the_text_has_a_line_and_what_to_do() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("file");
    std::fs::write(&file, "").expect("writes");
    let data = file.to_str().expect("a name");
    let said = Said::by(doctor(home.path(), &["--data-dir", data])).await;
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let lines: Vec<_> = said.out.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.starts_with("fail  data directory"));
    let at = at.unwrap_or_else(|| panic!("{}", said.out));
    assert!(lines[at].ends_with(&format!("{data} is no folder")));
    assert_eq!(
        lines[at + 1].trim_start(),
        "-> name a folder with --data-dir or VWM_DATA_DIR"
    );

    let mut command = doctor(home.path(), &["--json"]);
    command.env("VWM_LISTEN", "nonsense");
    let said = Said::by(command).await;
    assert_eq!(said.code, Some(1));
    assert_eq!(check(&report(&said), "settings")["state"], "fail");
}

#[tokio::test]
async fn a_keys_value_is_never_shown_and_of_an_address_only_the_host() {
    let home = tempfile::tempdir().expect("a folder");
    let args: [&[&str]; 2] = [&[], &["--json"]];
    for args in args {
        let mut command = doctor(home.path(), args);
        for provider in ["ANTHROPIC", "OPENAI", "GEMINI"] {
            command.env(format!("VWM_{provider}_API_KEY"), KEY);
            let base_url = format!("http://me:{KEY}@models.example.com/{KEY}");
            command.env(format!("VWM_{provider}_BASE_URL"), base_url);
        }
        command
            .env("VWM_URL", format!("http://me:{KEY}@127.0.0.1:1"))
            .env("VWM_API_KEY", KEY);
        let said = Said::by(command).await;
        assert!(!said.out.contains(KEY), "{}", said.out);
        assert!(!said.err.contains(KEY), "{}", said.err);
        assert!(
            said.out
                .contains("anthropic is set, for models.example.com; "),
            "{}",
            said.out
        );
    }
}

#[tokio::test]
async fn a_server_that_runs_is_asked_and_one_that_was_killed_is_told() {
    let mut world = World::start(json!({})).await;
    let told = report(&world.says(&["doctor", "--json"]).await);
    let version = env!("CARGO_PKG_VERSION");
    let url = world.client().url().to_owned();
    let answers = format!("{url} answers, version {version}");
    assert_eq!(check(&told, "server")["found"], answers);
    assert_eq!(
        check(&told, "database")["found"],
        "the server reads and writes it"
    );

    world.take_server().kill();
    let before = entries(&world.data_dir());
    let mut command = world.cli(&["doctor", "--json"]);
    command.env("VWM_LISTEN", "127.0.0.1:0");
    let told = report(&Said::by(command).await);
    let gone = check(&told, "server");
    assert_eq!(gone["state"], "warn");
    assert_eq!(
        gone["todo"],
        "start it again: `vwm server` goes on with what the last one began"
    );
    assert_eq!(check(&told, "database")["state"], "ok");
    assert_eq!(entries(&world.data_dir()), before);
}

#[tokio::test]
async fn an_engine_that_is_there_and_does_not_run_fails() {
    let home = tempfile::tempdir().expect("a folder");
    let install = vwm_harness::adapters::install(vwm_api::CliType::ClaudeCode);
    let program = home.path().join(install.expect("it is on the list").path());
    std::fs::create_dir_all(program.parent().expect("a folder")).expect("makes folders");
    std::fs::write(&program, "no program").expect("writes");
    let folder = home.path().to_str().expect("a name");
    let said = Said::by(doctor(home.path(), &["--json", "--engines-dir", folder])).await;
    let engine = check(&report(&said), "engine claude-code");
    assert_eq!(
        (said.code, &engine["state"], &engine["todo"]),
        (
            Some(1),
            &json!("fail"),
            &json!("vwm engine install claude-code --force")
        )
    );
}
