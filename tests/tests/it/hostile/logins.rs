//! Where a key is kept, and where none ever stands.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::json;
use vwm_api::Role;
use vwm_tests::{Running, Said, descendants, vwm};

use super::keys::key;
use super::{files_below, world};

/// The command line of a user with a home.
fn of_user(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(vwm());
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home);
    command
}

fn mode(path: &Path) -> u32 {
    let found = path.symlink_metadata().expect("it is there");
    assert!(found.is_file(), "{} is no file", path.display());
    found.permissions().mode() & 0o777
}

#[tokio::test]
async fn a_login_is_its_owners_alone_whatever_stood_in_its_place() {
    let world = world(None).await;
    let home = world.folder().join("home");
    let folder = home.join(".config/vwm");
    std::fs::create_dir_all(&folder).expect("a home");
    let (file, elsewhere) = (folder.join("login.json"), world.folder().join("elsewhere"));
    let open = || std::fs::Permissions::from_mode(0o644);
    let login = async || {
        let command = of_user(&home, &["login", world.url(), "--stdin"]);
        let said = Said::by_with(command, &world.key()).await;
        assert_eq!(said.code, Some(0), "{}", said.err);
        let kept = std::fs::read_to_string(&file).expect("it is kept");
        assert!(kept.contains(&world.key()));
    };
    std::fs::write(&file, "{}").expect("writes");
    std::fs::set_permissions(&file, open()).expect("it is ours");
    login().await;
    assert_eq!(mode(&file), 0o600);

    std::fs::remove_file(&file).expect("it is there");
    std::fs::write(&elsewhere, "mine").expect("writes");
    std::fs::set_permissions(&elsewhere, open()).expect("it is ours");
    symlink(&elsewhere, &file).expect("links");
    login().await;
    assert_eq!((mode(&file), mode(&elsewhere)), (0o600, 0o644));
    assert_eq!(
        std::fs::read_to_string(&elsewhere).expect("it is there"),
        "mine"
    );
    let left: Vec<_> = std::fs::read_dir(&folder)
        .expect("it is there")
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn no_key_stands_in_an_argument_a_log_an_error_or_what_is_kept() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let made = key(&world, Role::Session).await;
    let rotated = world
        .client()
        .rotate_key(made.key.id)
        .await
        .expect("it is one");
    let wrong = "vwm_neverseenbefore".to_owned();
    let keys = [
        world.key(),
        made.secret,
        rotated.secret.clone(),
        wrong.clone(),
    ];
    let home = world.folder().join("home");
    std::fs::create_dir(&home).expect("a home");
    let url = world.url().to_owned();
    let login = |key: &str| {
        let command = of_user(&home, &["login", &url, "--stdin"]);
        let key = key.to_owned();
        async move { Said::by_with(command, &key).await }
    };
    let refused = login(&wrong).await;
    let taken = login(&rotated.secret).await;
    assert_eq!((refused.code, taken.code), (Some(1), Some(0)));
    let mut said = vec![refused.out, refused.err, taken.out, taken.err];
    // Somewhere it does not belong, too: in an address.
    let target = format!("GET /sessions/{}/files/x?key={}", session.id, keys[0]);
    let not_there = format!("GET /sessions/{}/files/x", session.id);
    for (key, line) in [
        (&wrong, &not_there),
        (&keys[0], &not_there),
        (&wrong, &target),
    ] {
        said.push(world.calls_with(key, line, b"").await.text());
    }

    let hold = json!([{"shell": "echo begun > begun; until [ -e go ]; do sleep 0.01; done"}]);
    let prompt = super::steps(&hold);
    let id = session.id.to_string();
    let running = Running::start(of_user(&home, &["prompt", &id, &prompt]), "").await;
    world.written(session.id, "begun").await;
    let mut pids = vec![world.server_pid(), world.harness(session.id)];
    pids.extend(descendants(std::process::id()));
    pids.extend(descendants(world.harness(session.id)));
    assert!(pids.len() > 5, "{pids:?}");
    for pid in pids {
        for file in ["cmdline", "environ"] {
            // One that is gone by now tells nothing.
            let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            said.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    std::fs::write(world.volume(session.id).workspace().join("go"), "").expect("writes");
    let ended = running.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    said.extend([ended.out, ended.err, world.log()]);
    for key in &keys {
        let holds = said.iter().find(|said| said.contains(key));
        assert_eq!(holds, None);
    }
    // The one file that is for it, and the login.
    let holds = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        let holds = |key: &String| bytes.windows(key.len()).any(|part| part == key.as_bytes());
        keys.iter().any(holds)
    };
    let root = world.data_dir();
    let root = root.parent().expect("a world is a folder");
    let mut kept: Vec<_> = files_below(root).into_iter().filter(holds).collect();
    kept.sort();
    let expected = [
        world.data_dir().join("admin.key"),
        home.join(".config/vwm/login.json"),
    ];
    assert_eq!(kept, expected);
}
