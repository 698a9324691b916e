//! What an engine shows of itself, and whom it calls.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use serde_json::json;
use vwm_api::TurnStatus;
use vwm_tests::{claude_code, vwm};

use super::{end, events_of, rule, session, world};

#[tokio::test]
async fn an_engine_shows_neither_key_nor_address_nor_prompt_and_calls_only_its_door() {
    let steps = json!([{"shell": "env; cat /proc/self/environ /proc/$PPID/environ /proc/$PPID/cmdline 2>&1 | tr '\\0' '\\n'"}, {"text": "done", "hold": "model"}]);
    let world = world(rule("the word is quince", steps)).await;
    let session = session(&world, json!({}), None).await;
    let address = world.model.url().trim_start_matches("http://").to_owned();
    let prompt = "look around; the word is quince";

    let look = async {
        world.model.held("model").await;
        for pid in world.engines(session.id) {
            for file in ["environ", "cmdline"] {
                let text = std::fs::read(format!("/proc/{pid}/{file}")).expect("it runs");
                let text = String::from_utf8_lossy(&text);
                for secret in ["sk-test", address.as_str(), "quince", "VWM_"] {
                    assert!(
                        !text.contains(secret),
                        "{file} of the engine holds {secret}: {text}"
                    );
                }
            }
            let peers = peers(pid);
            assert!(peers.len() <= 1, "the engine speaks to {peers:?}");
            assert!(
                peers.iter().all(|peer| peer.starts_with("0100007F:")),
                "the engine speaks to {peers:?}"
            );
        }
        world.model.release("model");
    };
    let (answer, ()) = tokio::join!(world.ask(session.id, prompt), look);
    assert_eq!(end(&answer), (TurnStatus::Complete, None, "done"));
    let events = json!(events_of(&world, session.id, answer.request_id).await).to_string();
    assert!(
        events.contains("ANTHROPIC_BASE_URL"),
        "the tool showed its environment: {events}"
    );
    for secret in ["sk-test", address.as_str()] {
        assert!(!events.contains(secret), "{secret} is shown");
    }

    let asked: BTreeSet<_> = world
        .model
        .calls()
        .into_iter()
        .map(|call| {
            let path = call.path.split('?').next().unwrap_or_default().to_owned();
            (call.method, path, call.key)
        })
        .collect();
    let key = Some("sk-test-provider-key".to_owned());
    let messages = ("POST".to_owned(), "/v1/messages".to_owned(), key.clone());
    let count = (
        "POST".to_owned(),
        "/v1/messages/count_tokens".to_owned(),
        key,
    );
    assert!(asked.contains(&messages), "{asked:?}");
    assert!(
        asked.iter().all(|call| *call == messages || *call == count),
        "{asked:?}"
    );
}

/// The other ends of a process's TCP and UDP sockets, as the kernel writes them.
fn peers(pid: u32) -> BTreeSet<String> {
    let sockets: BTreeSet<u64> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("it runs")
        .flatten()
        .filter(|entry| {
            std::fs::read_link(entry.path())
                .is_ok_and(|link| link.to_string_lossy().starts_with("socket:"))
        })
        .filter_map(|entry| Some(std::fs::metadata(entry.path()).ok()?.ino()))
        .collect();
    let mut peers = BTreeSet::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (peer, inode) = (columns[2], columns[9].parse().expect("an inode"));
            if sockets.contains(&inode) {
                peers.insert(peer.to_owned());
            }
        }
    }
    peers
}

/// In a network of its own in which nothing but loopback is there, the kernel counts what was sent elsewhere.
#[test]
fn in_a_network_of_loopback_alone_nothing_tries_to_leave_it() {
    let engines = claude_code();
    let engines = engines
        .ancestors()
        .nth(6)
        .expect("it is in the engines folder");
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "ip link set lo up && {} demo --once >demo.log 2>&1 && cat /proc/net/snmp /proc/net/snmp6",
        vwm().display()
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", &script])
        .current_dir(folder.path())
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("HOME", folder.path())
        .env("TMPDIR", folder.path())
        .env("VWM_ENGINES_DIR", engines)
        .output()
        .expect("util-linux is installed");
    let demo = std::fs::read_to_string(folder.path().join("demo.log"));
    let Ok(demo) = demo else {
        // The machine allows no network namespaces; the other test still looks at the engine's sockets.
        eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
        return;
    };
    assert!(
        output.status.success(),
        "{demo}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let counters = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |table: &str, name: &str| {
        let lines: Vec<&str> = counters
            .lines()
            .filter(|line| line.starts_with(table))
            .collect();
        let place = lines[0]
            .split_whitespace()
            .position(|column| column == name)
            .expect("a counter");
        lines[1]
            .split_whitespace()
            .nth(place)
            .expect("a value")
            .to_owned()
    };
    let out6 = counters
        .lines()
        .find(|line| line.starts_with("Ip6OutNoRoutes"));
    let out6 = out6
        .and_then(|line| line.split_whitespace().last())
        .unwrap_or("0");
    // No route was missed, and no name was asked for at a resolver on this machine either.
    assert_eq!(
        [
            value("Ip:", "OutNoRoutes"),
            value("Udp:", "OutDatagrams"),
            out6.to_owned()
        ],
        ["0", "0", "0"],
        "{counters}"
    );
}
