//! Keys, and a server that one is logged in to.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use vwm_api::{Key, KeyWithSecret};
use vwm_client::Client;
use vwm_tests::{Said, World};

use super::{elsewhere, told};

#[tokio::test]
async fn a_keys_secret_is_alone_on_standard_output_and_a_login_keeps_it() {
    let world = World::start(json!({})).await;
    let said = world
        .says(&["key", "create", "ci", "--role", "session"])
        .await;
    let secret = said.out.trim_end().to_owned();
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 1));
    assert!(!said.err.contains(&secret), "{}", said.err);
    let url = world.client().url().to_owned();
    let home = world.folder().join("home");
    std::fs::create_dir(&home).expect("a home");
    let run = async |args: &[&str], input: &str| Said::by_with(elsewhere(&home, args), input).await;
    let refused = run(&["login", &url, "--stdin"], "vwm_nobody\n").await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(
        refused.err.contains("does not know this key"),
        "{}",
        refused.err
    );
    let unasked = run(&["login", &url], &secret).await;
    assert_eq!(unasked.code, Some(2), "{}", unasked.err);

    let said = run(&["login", &url, "--stdin"], &format!("{secret}\n")).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.out.ends_with("with a key of the role session\n"),
        "{}",
        said.out
    );
    assert!(!said.out.contains(&secret) && !said.err.contains(&secret));
    let file = home.join(".config/vwm/login.json");
    let mode = std::fs::metadata(&file).expect("it is kept").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(run(&["session", "list"], "").await.code, Some(0));
    let said = run(&["key", "list"], "").await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(
        said.err.contains("hint: ask whoever runs the server"),
        "{}",
        said.err
    );

    let made: KeyWithSecret = told(&world, &["key", "create", "ann", "--role", "read"]).await;
    let said = run(&["login", &url, "--stdin"], &made.secret).await;
    assert!(
        said.out.ends_with("role read\n"),
        "{}{}",
        said.out,
        said.err
    );
    let said = run(&["login", &url, "--stdin"], &world.key()).await;
    assert!(
        said.out.ends_with("role admin\n"),
        "{}{}",
        said.out,
        said.err
    );
    let id = made.key.id.to_string();
    let rotated: KeyWithSecret = told(&world, &["key", "rotate", &id]).await;
    assert_ne!(rotated.secret, made.secret);
    let revoked: Key = told(&world, &["key", "revoke", &id]).await;
    assert!(revoked.revoked_at.is_some());
    let client = Client::new(&url, &rotated.secret).expect("a client");
    let refused = client.status().await.expect_err("it is revoked");
    assert_eq!(refused.status(), Some(401));

    assert_eq!(run(&["logout"], "").await.code, Some(0));
    assert!(!file.exists());
    let said = run(&["session", "list"], "").await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("no server runs"), "{}", said.err);
}
