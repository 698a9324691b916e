//! A name that the agent swaps while clients use it: now a file, now a link to the server's key, now a folder, now a link to `/etc`.

use std::collections::BTreeMap;

use serde_json::json;
use vwm_api::SessionId;
use vwm_client::{Client, ClientError};
use vwm_tests::within;

use super::{agent, world_of_bob, write};

/// How many rounds there are, and how many clients share them.
const ROUNDS: usize = 1000;
const CLIENTS: usize = 4;

/// Swaps `name` until there is a file `stop`, or it has done so very often, and writes how often to `swaps`. It tells by `swapping`
/// that it has begun.
const SWAP: &str = r#"perl -e '
my ($key, $folder) = @ARGV; my $swaps = 0;
sub clear { my ($path) = @_; for (1 .. 1000) {
    if (-l $path || -f _) { unlink $path } elsif (-d _) {
        opendir(my $all, $path); unlink map { "$path/$_" } grep { !/^\.\.?$/ } readdir $all; rmdir $path } else { return } } }
while ($swaps < 1000000 && !-e "stop") {
    my $kind = $swaps % 4; clear("stage"); clear("away");
    if ($kind == 0) { open(my $file, ">", "stage") or die; print $file "inside"; close $file }
    elsif ($kind == 1) { symlink $key, "stage" or die }
    elsif ($kind == 2) { mkdir "stage" or die; open(my $file, ">", "stage/inner") or die; print $file "inside"; close $file }
    else { symlink $folder, "stage" or die }
    rename "name", "away"; rename "stage", "name"; $swaps++; select(undef, undef, undef, 0.0002);
    if ($swaps == 4) { open(my $file, ">", "swapping") or die }
}
open(my $file, ">", "swaps") or die; print $file "$swaps\n"' KEY /etc"#;

/// What became of the calls, by call and outcome.
type Outcomes = BTreeMap<(&'static str, &'static str), usize>;

#[tokio::test]
async fn a_thousand_rounds_of_a_link_that_is_swapped_give_no_secret_and_change_nothing_outside() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    let data = world.data_dir();
    let kept = [data.join("admin.key"), "/etc/passwd".into()];
    let content = || {
        kept.clone()
            .map(|path| std::fs::read(path).expect("it is there"))
    };
    let before = content();
    let swap = SWAP.replace("KEY", kept[0].to_str().expect("text"));

    let clients = async {
        let begun = world.volume(id).workspace().join("swapping");
        vwm_tests::until("the agent to swap", async || begun.exists().then_some(())).await;
        let rounds = (0..CLIENTS).map(|_| rounds(&client, id, ROUNDS / CLIENTS));
        let outcomes = within("all rounds", futures_util::future::join_all(rounds)).await;
        write(&client, id, "stop", "").await;
        outcomes
    };
    let (outcomes, ()) = tokio::join!(clients, agent(&world, id, &swap));
    let mut all = Outcomes::new();
    for (kind, count) in outcomes.into_iter().flatten() {
        *all.entry(kind).or_default() += count;
    }

    assert_eq!(content(), before);
    let etc = std::path::Path::new("/etc");
    assert!(!etc.join("inner").exists() && !data.join("inner").exists());
    let workspace = std::fs::read_dir(world.volume(id).workspace()).expect("it is there");
    let names = workspace
        .flatten()
        .map(|entry| entry.file_name().into_string());
    let left: Vec<_> = names
        .flatten()
        .filter(|name| name.starts_with(".vwm-"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    // The race ran: each call met each kind of thing.
    for call in ["read", "list", "write", "delete"] {
        for outcome in ["done", "a link", "a folder or a file"] {
            assert!(
                all.contains_key(&(call, outcome)),
                "{call}: {outcome}: {all:?}"
            );
        }
    }
    let swaps = world.written(id, "swaps").await;
    assert!(
        swaps.trim().parse().is_ok_and(|swaps: u32| swaps > 1000),
        "{swaps}"
    );
    agent(&world, id, "true").await;
}

async fn rounds(client: &Client, id: SessionId, rounds: usize) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for round in 0..rounds {
        let path = ["name", "name/inner"][round % 2];
        let to_read = ["name", "name/inner", "name", "name/passwd"][round % 4];
        let read = client.read_file(id, to_read).await;
        if let Ok(bytes) = &read {
            assert!([&b"inside"[..], b"new"].contains(&&bytes[..]), "{bytes:?}");
        }
        *outcomes.entry(("read", outcome(read))).or_default() += 1;
        let list = client.list_files(id, "name").await;
        if let Ok(list) = &list {
            assert!(list.items.iter().all(|it| it.name == "inner"), "{list:?}");
        }
        *outcomes.entry(("list", outcome(list))).or_default() += 1;
        let written = client.write_file(id, path, "new").await;
        *outcomes.entry(("write", outcome(written))).or_default() += 1;
        let deleted = client.delete_file(id, path).await;
        *outcomes.entry(("delete", outcome(deleted))).or_default() += 1;
    }
    outcomes
}

/// What a call met; anything but what stood there just then fails the test.
#[track_caller]
fn outcome<T>(answer: Result<T, ClientError>) -> &'static str {
    let Err(error) = answer else {
        return "done";
    };
    let text = vwm_api::chain(&error);
    assert!(
        !text.contains("/etc") && !text.contains("admin.key"),
        "{text}"
    );
    match error.status() {
        Some(404) => "nothing",
        Some(400) if text.contains("links are not followed") => "a link",
        Some(400) if text.contains("is a folder") => "a folder or a file",
        Some(400) if text.contains("not a folder") => "a folder or a file",
        _ => panic!("{text}"),
    }
}
