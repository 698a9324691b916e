//! A machine that does not give what is needed: a port, a data directory, npm, a server.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use vwm_tests::{Said, World, vwm};

/// The command line with nothing but a home of its own.
fn newcomer(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(vwm());
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home)
        .current_dir(home);
    command
}

#[tokio::test]
async fn a_port_in_use_is_named_with_how_to_choose_another() {
    let home = tempfile::tempdir().expect("a folder");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("an address");
    let listen = address.to_string();
    let said = Said::by(newcomer(home.path(), &["server", "--listen", &listen])).await;
    assert_eq!(said.code, Some(1));
    let told = format!(
        "error: port {} on 127.0.0.1 is in use: stop what listens there, or choose another with --listen \
         (port 0 takes a free one)\n  because: Address already in use (os error 98)\n",
        address.port()
    );
    assert_eq!(said.error(), told);
}

#[tokio::test]
async fn a_second_server_on_a_data_directory_is_told_of_the_first_which_stays() {
    let mut world = World::start(json!({})).await;
    let told_before = std::fs::read(world.data_dir().join("server.json")).expect("it is there");
    let said = world.says(&["server", "--listen", "127.0.0.1:0"]).await;
    let url = world.client().url().to_owned();
    let first = world.take_server();
    let told = format!(
        "error: another server (pid {}, url {url}) uses this data directory: stop it, or choose another with --data-dir\n",
        first.pid()
    );
    assert_eq!((said.code, said.error()), (Some(1), told.as_str()));
    let told_after = std::fs::read(world.data_dir().join("server.json")).expect("it is there");
    assert_eq!(told_after, told_before);
    first.stop();
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("writes");
    let inside = folder.path().join("file/data");
    let data = inside.to_str().expect("a name");
    let args = ["server", "--listen", "127.0.0.1:0", "--data-dir", data];
    let said = Said::by(newcomer(folder.path(), &args)).await;
    let told = format!(
        "error: cannot write to the data directory {data}; make it writable, or choose another with --data-dir\n  \
         because: Not a directory (os error 20)\n"
    );
    assert_eq!((said.code, said.error()), (Some(1), told.as_str()));

    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).expect("makes a folder");
    let open = |path: &Path, mode| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, rights).expect("changes rights");
    };
    open(folder.path(), 0o755);
    open(&closed, 0o555);
    let data = closed.to_str().expect("a name");
    let args = ["server", "--listen", "127.0.0.1:0", "--data-dir", data];
    let mut command = newcomer(folder.path(), &args);
    if rustix::process::geteuid().is_root() {
        // Root may write everywhere; nobody may not.
        let mut nobody = Command::new("setpriv");
        nobody
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(vwm())
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", folder.path());
        command = nobody;
    }
    let said = Said::by(command).await;
    let told = format!(
        "error: cannot write to the data directory {data}/server.lock; make it writable, or choose another with --data-dir\n  \
         because: Permission denied (os error 13)\n"
    );
    assert_eq!((said.code, said.error()), (Some(1), told.as_str()));
    open(&closed, 0o755);
}

#[tokio::test]
async fn without_npm_an_engine_is_not_installed_and_one_is_told_what_to_do() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = newcomer(home.path(), &["engine", "install", "claude-code"]);
    command.env("PATH", home.path());
    let said = Said::by(command).await;
    let told = "error: npm is not installed, and engines come from its registry\n\
                hint: install Node.js 20 or newer (it is needed only for this), or copy the engine's folder from a machine that has it\n";
    assert_eq!((said.code, said.error()), (Some(1), told));
    // The server will keep its data beside the engines.
    let data = home.path().join(".local/share/vwm");
    let mode = data.metadata().expect("it was made").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn without_a_server_every_command_says_how_to_get_one() {
    let home = tempfile::tempdir().expect("a folder");
    let data = home.path().join(".local/share/vwm");
    let told = format!(
        "error: no server runs on the data directory {}\nhint: start one with `vwm server`, or name another data directory \
         with --data-dir, or a server elsewhere with `vwm login URL`, or VWM_URL and VWM_API_KEY\n",
        data.display()
    );
    let id = "01970000-0000-7000-8000-000000000000";
    let commands: [&[&str]; 6] = [
        &["run", "bob", "hi"],
        &["prompt", id, "hi"],
        &["worker", "list"],
        &["session", "list"],
        &["session", "show", id],
        &["session", "end", id],
    ];
    for args in commands {
        let said = Said::by(newcomer(home.path(), args)).await;
        assert_eq!(said, Said::new(1, "", told.as_str()), "{args:?}");
    }
    assert!(!data.exists());

    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", elsewhere.local_addr().expect("an address"));
    drop(elsewhere);
    let mut command = newcomer(home.path(), &["worker", "list"]);
    command.env("VWM_URL", &url);
    let without_key = Said::by(command).await;
    let told = format!(
        "error: there is no key for the server at {url}\nhint: set VWM_API_KEY to one of the server's keys\n"
    );
    assert_eq!(without_key, Said::new(1, "", told));
    let mut command = newcomer(home.path(), &["worker", "list"]);
    command.env("VWM_URL", &url).env("VWM_API_KEY", "k");
    let said = Said::by(command).await;
    assert_eq!(said.code, Some(1));
    let told = format!("error: cannot connect to {url}; is it running?\n");
    assert!(said.err.starts_with(&told), "{}", said.err);
    assert!(
        said.err
            .ends_with("\nhint: start a server with `vwm server`\n"),
        "{}",
        said.err
    );
}

#[tokio::test]
async fn what_a_server_keeps_is_its_owners_alone_also_in_a_folder_that_is_open() {
    let world = World::start_with(json!({}), |command| {
        let data = command.get_args().nth(1).expect("its data directory");
        std::fs::create_dir(data).expect("makes a folder");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(data, open).expect("changes rights");
    })
    .await;
    let told = "Other users can look into the data directory";
    assert!(world.log().contains(told), "{}", world.log());
    for entry in std::fs::read_dir(world.data_dir()).expect("a folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
    }
}
