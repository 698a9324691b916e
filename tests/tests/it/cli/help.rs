//! Every command explains itself, with an example.

use vwm_tests::{Said, vwm};

const COMMANDS: [&str; 23] = [
    "",
    "demo",
    "doctor",
    "server",
    "engine",
    "engine install",
    "engine list",
    "worker",
    "worker apply",
    "worker list",
    "worker show",
    "worker delete",
    "run",
    "prompt",
    "session",
    "session list",
    "session show",
    "session telemetry",
    "session end",
    "session push",
    "scripted",
    "scripted model",
    "scripted agent",
];

#[tokio::test]
async fn every_command_has_help_with_an_example_and_without_one_help_is_shown() {
    let vwm = |args: &str| {
        let mut command = std::process::Command::new(vwm());
        command.args(args.split_whitespace()).env_clear();
        Said::by(command)
    };
    for command in COMMANDS {
        let said = vwm(&format!("{command} --help")).await;
        assert_eq!(
            (said.code, said.err.as_str()),
            (Some(0), ""),
            "vwm {command} --help"
        );
        assert!(
            said.out.contains("\nUsage: vwm"),
            "vwm {command} --help:\n{}",
            said.out
        );
        let example = said.out.contains("\nExample:\n")
            || said.out.contains("\nExamples:\n")
            || said.out.contains("\nExample, ");
        assert!(
            example,
            "vwm {command} --help has no example:\n{}",
            said.out
        );
    }
    let offered = vwm("engine install --help").await.out;
    assert!(
        offered.contains("[possible values: claude-code]"),
        "{offered}"
    );
    let help = vwm("--help").await.out;
    let bare = vwm("").await;
    assert_eq!(
        (bare.code, bare.out.as_str(), bare.err.as_str()),
        (Some(2), "", help.as_str())
    );
    for wrong in [
        "run",
        "session show nothing",
        "engine install codex",
        "run bob hello --timeout 0",
        "prompt 01970000-0000-7000-8000-000000000000 hello --timeout 0",
        "nonsense",
    ] {
        let said = vwm(wrong).await;
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "vwm {wrong}");
        assert!(
            said.err.starts_with("error: "),
            "vwm {wrong}:\n{}",
            said.err
        );
    }
}
