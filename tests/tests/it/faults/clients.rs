//! Clients that are gone in the middle of their prompt, and do not say so properly: the turn is nobody's to lose.

use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use vwm_api::TurnStatus;
use vwm_tests::until;

use super::sitting::Sitting;

/// How a client goes.
#[derive(Debug, Clone, Copy)]
enum Gone {
    /// It says that it will send no more, and never reads.
    HalfClosed,
    /// It resets the connection.
    Reset,
    /// It is silent, as one whose cable was pulled.
    Silent,
}

/// Somebody prompts and is gone in the middle of the text.
async fn prompts_and_is(gone: Gone) {
    let mut sitting = Sitting::begin().await;
    let mut stream = prompts(&sitting, "talk mark-1").await;
    sitting.is_in_mid_text().await;
    let _kept = match gone {
        Gone::HalfClosed => {
            stream.shutdown().await.expect("it is open");
            Some(stream)
        }
        Gone::Reset => {
            set_socket_linger(&stream, Some(Duration::ZERO)).expect("it is a socket");
            drop(stream);
            None
        }
        Gone::Silent => Some(stream),
    };
    sitting.world.model.release("mid");
    let (client, session) = (sitting.client.clone(), sitting.session);
    let turn = until("the turn to be over", async || {
        let turns = client.telemetry(session).await.expect("it is known");
        let mut over = turns.into_iter().filter(|turn| turn.status.is_over());
        over.next()
    })
    .await;
    assert_eq!(turn.status, TurnStatus::Complete);
    sitting.knows_turn("mark-1", turn.id);
    sitting.works("mark-2").await;
    sitting.ends_as_promised().await;
}

#[tokio::test]
async fn a_client_that_closes_its_half_in_the_middle_of_its_prompt_does_not_stop_it() {
    prompts_and_is(Gone::HalfClosed).await;
}

#[tokio::test]
async fn a_client_that_resets_its_connection_in_the_middle_of_its_prompt_does_not_stop_it() {
    prompts_and_is(Gone::Reset).await;
}

#[tokio::test]
async fn a_client_that_falls_silent_in_the_middle_of_its_prompt_does_not_stop_it() {
    prompts_and_is(Gone::Silent).await;
}

/// Sends a prompt, and reads nothing.
async fn prompts(sitting: &Sitting, prompt: &str) -> TcpStream {
    let address = sitting.world.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("it listens");
    let body = json!({"prompt": prompt}).to_string();
    let call = format!(
        "POST /sessions/{}/prompt HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        sitting.session,
        sitting.world.key(),
        body.len()
    );
    let sent = stream.write_all(call.as_bytes()).await;
    sent.expect("it is taken");
    stream
}
