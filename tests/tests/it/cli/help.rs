//! Every command explains itself, with an example.

use vwm_tests::{Said, vwm};

/// The commands below one, as its help lists them.
fn below(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_command_has_help_with_an_example_and_without_one_help_is_shown() {
    let vwm = |args: &str| {
        let mut command = std::process::Command::new(vwm());
        command.args(args.split_whitespace()).env_clear();
        Said::by(command)
    };
    let mut left = vec![String::new()];
    let mut count = 0;
    while let Some(command) = left.pop() {
        count += 1;
        let said = vwm(&format!("{command} --help")).await;
        assert_eq!(
            (said.code, said.err.as_str()),
            (Some(0), ""),
            "vwm {command} --help"
        );
        let shown = |part: &str| said.out.contains(part);
        let example = shown("\nExample:\n") || shown("\nExamples") || shown("\nExample, ");
        assert!(
            shown("\nUsage: vwm") && example,
            "vwm {command} --help:\n{}",
            said.out
        );
        let below = below(&said.out);
        left.extend(below.iter().map(|name| format!("{command} {name}")));
    }
    assert!(count > 50, "only {count} commands are offered");
    let page = vwm("reference").await;
    assert_eq!(page.code, Some(0));
    let headings = page.out.lines().filter(|line| line.starts_with("## vwm"));
    assert_eq!(headings.count(), count, "the reference has them all");
    for shell in ["bash", "zsh", "fish"] {
        let said = vwm(&format!("completion {shell}")).await;
        assert!(said.code == Some(0) && said.out.contains("worker"));
    }
    let version = vwm("--version").await;
    assert!(version.out.starts_with("vwm ") && version.out.ends_with(char::is_whitespace));
    let offered = vwm("engine install --help").await.out;
    assert!(
        offered.contains("[possible values: claude-code]"),
        "{offered}"
    );
    for command in ["", "worker", "session start"] {
        let asked = vwm(&format!("help {command}")).await;
        assert_eq!(asked, vwm(&format!("{command} --help")).await, "{command}");
    }
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
        "key create ci --role king",
        "worker create bob --engine codex",
        "runtime create gpu",
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
