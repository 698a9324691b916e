//! A server's life: what it leaves in its data directory, and what keeps it from starting.

use std::net::SocketAddr;
use std::path::Path;

use insta::assert_snapshot;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vwm_server::{Config, Server, ServerFile};

async fn get(url: &str, path: &str) -> String {
    let address = url.strip_prefix("http://").expect("it is plain HTTP");
    let address: SocketAddr = address.parse().expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: vwm\r\nconnection: close\r\n\r\n");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("it takes the request");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer).await;
    read.expect("it answers");
    answer
}

fn server_file(folder: &Path) -> Option<ServerFile> {
    let json = std::fs::read(folder.join("server.json")).ok()?;
    Some(serde_json::from_slice(&json).expect("whole, because it came by rename"))
}

#[tokio::test]
async fn a_server_tells_where_it_is_until_it_has_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Config::in_folder(folder.path())).await;
    let server = server.expect("it starts");
    let told = server_file(folder.path()).expect("it is ready");
    assert_eq!(
        (told.url.as_str(), told.pid),
        (server.url(), std::process::id())
    );
    assert!(folder.path().join("admin.key").exists());

    let stop = server.app().stop.clone();
    let url = told.url;
    let ask = async {
        assert!(get(&url, "/health").await.starts_with("HTTP/1.1 200"));
        stop.cancel();
    };
    let (served, ()) = tokio::join!(server.serve(), ask);
    served.expect("it stops in peace");
    assert_eq!(server_file(folder.path()), None);
    assert!(
        TcpStream::connect(url.strip_prefix("http://").unwrap())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_server_that_cannot_start_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(Config::in_folder(folder.path()))
        .await
        .expect("it starts");
    let told = async |config| {
        let refused = Server::start(config).await.expect_err("refused");
        let port = first.url().rsplit(':').next().unwrap();
        let told = refused.to_string().replace(port, "[port]");
        told.replace(&format!("pid {},", std::process::id()), "pid [pid],")
    };
    assert_snapshot!(told(Config::in_folder(folder.path())).await, @"another server (pid [pid], url http://127.0.0.1:[port]) uses this data directory: stop it, or choose another with --data-dir");

    let other = tempfile::tempdir().unwrap();
    let mut config = Config::in_folder(other.path());
    config.listen = first
        .url()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    assert_snapshot!(told(config).await, @"port [port] on 127.0.0.1 is in use: stop what listens there, or choose another with --listen (port 0 takes a free one)");
    assert_eq!(server_file(other.path()), None);

    let mut config = Config::in_folder(other.path());
    config.listen = "192.0.2.1:1".parse().unwrap();
    assert_snapshot!(told(config).await, @"cannot listen on 192.0.2.1:1; choose another address with --listen");
}

#[tokio::test]
async fn a_second_start_keeps_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let server = Server::start(Config::in_folder(folder.path())).await;
        let server = server.expect("it starts");
        let key = std::fs::read_to_string(folder.path().join("admin.key")).unwrap();
        let hash = server.app().keys.hash_of(&key);
        let known = server.app().store.key_by_hash(&hash).await.unwrap();
        server.app().stop.cancel();
        server.serve().await.expect("it stops");
        (key, known.expect("the file's key is known").id)
    };
    assert_eq!(start().await, start().await);
}
