//! Signs of life, and what is left of a reader that is gone.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use vwm_api::{Role, SessionId};

use super::*;
use crate::app::App;
use crate::config::Config;
use crate::input::Input;
use crate::serve;
use crate::service::{events, sessions, workers};

/// A server's parts, and a session with one event.
async fn app_with_a_session() -> (TempDir, Arc<App>, SessionId) {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(Config::in_folder(folder.path())).await;
    let app = app.expect("it opens");
    let hash = app.keys.hash_of("sk-test");
    let key = app.store.create_key("bob", Role::Admin, hash).await;
    let runtime = app.store.runtime_by_name("local").await.unwrap();
    let runtime = runtime.expect("the first start made it").id;
    let worker = json!({"name": "bob", "runtimeId": runtime, "cliType": "claude-code"});
    let key = key.unwrap();
    workers::create(&app, &key, &worker).await.unwrap();
    let body = json!({"workerName": "bob"});
    let session = sessions::create(&app, body, None).await.unwrap().id;
    (folder, app, session)
}

#[tokio::test]
async fn a_silent_stream_gives_signs_of_life() {
    let (_folder, app, session) = app_with_a_session().await;
    let after_the_first = Input::of_query(vec![("after".into(), "1".into())]);
    let reader = events::watch(&app, session, None, after_the_first).await;
    let mut chunks = std::pin::pin!(chunks(reader.unwrap(), Duration::from_millis(1)));
    let mut next = async || chunks.next().await.unwrap().unwrap();
    assert_eq!(next().await, HINT);
    assert_eq!(next().await, SIGN_OF_LIFE);
    assert_eq!(next().await, SIGN_OF_LIFE);
}

#[tokio::test]
async fn a_read_that_takes_long_is_waited_for_and_not_begun_again() {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let slow = stream::once(async { answered.await.unwrap() });
    let mut chunks = Box::pin(with_signs_of_life(slow, Duration::from_millis(1)));
    assert_eq!(chunks.next().await.unwrap(), SIGN_OF_LIFE);
    assert_eq!(chunks.next().await.unwrap(), SIGN_OF_LIFE);
    answer.send(Bytes::from_static(b"at last")).unwrap();
    assert_eq!(chunks.next().await.unwrap(), "at last");
    assert_eq!(chunks.next().await, None);
}

/// Watches a session over a connection of its own, and has read its first event.
async fn watcher(address: SocketAddr, session: SessionId) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head =
        format!("GET /sessions/{session}/events HTTP/1.1\r\nhost: x\r\nx-api-key: sk-test\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut come = Vec::new();
    while !String::from_utf8_lossy(&come).contains("id: 1\n") {
        assert!(stream.read_buf(&mut come).await.unwrap() > 0, "it is cut");
    }
    stream
}

#[tokio::test]
async fn nothing_is_left_of_readers_that_reset_their_connection_or_close_it() {
    let (_folder, app, session) = app_with_a_session().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (router, stop) = (crate::http::router(Arc::clone(&app)), app.stop.clone());
    tokio::spawn(async move {
        serve::serve(listener, router, &stop, serve::Limits::default()).await;
    });
    let mut watchers = Vec::new();
    for _ in 0..10 {
        watchers.push(watcher(address, session).await);
    }
    assert_eq!(app.store.watched_sessions(), 1);
    for (number, stream) in watchers.into_iter().enumerate() {
        if number % 2 == 0 {
            // What is sent then is a reset.
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }
        drop(stream);
    }
    // Without waiting for a sign of life that nobody would take.
    let until = Instant::now() + HEARTBEAT / 2;
    while app.store.watched_sessions() > 0 {
        assert!(Instant::now() < until, "a reader that is gone is served on");
        tokio::task::yield_now().await;
    }
}
