//! What `run` does to the whole process; alone in its program, because it would change the others' files.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use vwm_server::Config;

#[tokio::test]
async fn what_a_running_server_writes_is_its_owners_alone_and_it_may_open_what_the_machine_allows()
{
    let folder = tempfile::tempdir().unwrap();
    let announced = folder.path().join("server.json");
    let running = vwm_server::run(Config::in_folder(folder.path()));
    let listens = async {
        while !announced.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        stopped = running => panic!("it stopped: {stopped:?}"),
        listens = tokio::time::timeout(Duration::from_secs(20), listens) => {
            listens.expect("it listens within 20 s");
        }
    }
    let written = folder.path().join("written.txt");
    std::fs::write(&written, "x").unwrap();
    let mode = std::fs::metadata(&written).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let files = getrlimit(Resource::Nofile);
    assert_eq!(files.current, files.maximum);
}
