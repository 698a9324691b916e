//! What those see who watch the server: its numbers, its engines.

use std::collections::BTreeMap;

use axum::body::Body;
use http::Request;
use insta::assert_snapshot;
use serde_json::json;
use vwm_api::SessionStatus;

use crate::kit::TestApp;

/// Every number by its name and labels. It knows nothing that the format 0.0.4 allows and we do not write, and panics at it.
fn read(text: &str) -> BTreeMap<String, f64> {
    let mut numbers = BTreeMap::new();
    let mut lines = text.lines().peekable();
    assert!(text.ends_with('\n'), "the last line has no end");
    while let Some(help) = lines.next() {
        let help = help
            .strip_prefix("# HELP ")
            .expect("a family begins with HELP");
        let (family, what) = help.split_once(' ').expect("a name and a sentence");
        assert!(!what.is_empty() && is_name(family), "{help}");
        let kind = lines.next().and_then(|line| line.strip_prefix("# TYPE "));
        let kind = kind.and_then(|kind| kind.strip_prefix(family));
        match kind.expect("TYPE follows, of the same family") {
            " counter" => assert!(family.ends_with("_total"), "{family}"),
            " gauge" => assert!(!family.ends_with("_total"), "{family}"),
            other => panic!("{family} is{other}"),
        }
        let before = numbers.len();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').expect("a name and a number");
            let labels = name.strip_prefix(family).expect("a number of this family");
            check_labels(labels);
            let value = value.parse().expect("a number");
            let twice = numbers.insert(name.to_owned(), value);
            assert_eq!(twice, None, "{name} is there twice");
        }
        assert!(numbers.len() > before, "{family} has no number");
    }
    numbers
}

fn check_labels(labels: &str) {
    if labels.is_empty() {
        return;
    }
    let inner = labels.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    for label in inner.expect("labels are in braces").split(',') {
        let (name, value) = label.split_once('=').expect("a label has a value");
        let value = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let value = value.expect("a value is quoted");
        assert!(is_name(name), "{name}");
        assert!(!value.contains(['"', '\\', '\n']), "{value} is not escaped");
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
    text.starts_with(is_letter) && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

#[tokio::test]
async fn the_numbers_are_in_the_format_that_prometheus_reads() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    app.complete_a_prompt(session).await;
    let prompt = json!({"prompt": "and now?"});
    app.post_unread(&format!("/sessions/{session}/stream"), prompt)
        .await;
    app.session_of("bob", SessionStatus::Failed).await;
    let request = Request::get("/metrics").header("x-api-key", &app.key);
    let reply = app.raw(request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        reply.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let mut numbers = read(reply.body.as_str().expect("text"));
    let size = numbers.remove("vwm_database_bytes");
    assert!(size.expect("a size") >= 4096.0);
    let free = numbers.remove("vwm_disk_free_bytes");
    assert!(free.expect("some room") > 0.0);
    let uptime = numbers.remove("vwm_uptime_seconds");
    assert!((0.0..600.0).contains(&uptime.expect("an uptime")));
    let lines = numbers
        .iter()
        .map(|(name, value)| format!("{name} {value}"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    vwm_blobs_deleted_total 0
    vwm_cost_usd_total 0.25
    vwm_disk_reserve_bytes 536870912
    vwm_events_deleted_total 0
    vwm_info{version="0.1.0"} 1
    vwm_orphans_removed_total 0
    vwm_queue_depth 1
    vwm_requests_running 0
    vwm_requests_total{kind="learning",status="cancelled"} 0
    vwm_requests_total{kind="learning",status="complete"} 0
    vwm_requests_total{kind="learning",status="failed"} 0
    vwm_requests_total{kind="learning",status="outcome_unknown"} 0
    vwm_requests_total{kind="prompt",status="cancelled"} 0
    vwm_requests_total{kind="prompt",status="complete"} 1
    vwm_requests_total{kind="prompt",status="failed"} 0
    vwm_requests_total{kind="prompt",status="outcome_unknown"} 0
    vwm_sessions{status="active"} 1
    vwm_sessions{status="ended"} 0
    vwm_sessions{status="ending"} 0
    vwm_sessions{status="failed"} 1
    vwm_sessions{status="pending"} 0
    vwm_sessions{status="suspended"} 0
    vwm_tokens_total{direction="in"} 11
    vwm_tokens_total{direction="out"} 7
    "#);
}

#[tokio::test]
async fn every_engine_is_listed_with_what_is_installed_of_it() {
    let app = TestApp::start().await;
    let engines = app.app.config.engines_dir.clone();
    for version in ["2.1.9", "2.1.328", ".installing-x"] {
        let place = engines.join("claude-code").join(version);
        std::fs::create_dir_all(place.join("node_modules")).unwrap();
    }
    let engines = app.get("/admin/engines").await.body;
    let line = |engine: &serde_json::Value| {
        let (name, versions) = (&engine["cliType"], &engine["versions"]);
        format!("{name} {} {versions}", engine["supported"])
    };
    let lines: Vec<_> = engines.as_array().unwrap().iter().map(line).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    "claude-code" true ["2.1.328","2.1.9"]
    "codex" false []
    "gemini" false []
    "opencode" false []
    "acp" true []
    "command" false []
    "#);
}
