//! A body on its way from a client to a harness: piece by piece, and never taken for whole when it is not.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::Error;

/// What goes from the client's side to the harness's.
#[derive(Debug)]
pub(super) enum Piece {
    /// Some of it.
    Bytes(Bytes),
    /// That was all. Without it the body is not whole.
    End,
    /// There will be no more, and why.
    Broken(String),
}

/// Why a body is not whole.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(String);

/// Where it is said, once, why a body is not whole.
pub(super) type WhyBroken = Arc<OnceLock<String>>;

/// The client's side: passes pieces on until the body ends, stalls, breaks off or is too large.
pub(super) async fn feed<S, E>(
    body: S,
    most: Most,
    stall: Duration,
    to: mpsc::Sender<Piece>,
) -> Result<(), Error>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let fed = pass_on(body, most, stall, &to).await;
    let last = match &fed {
        Ok(()) => Piece::End,
        Err(error) => Piece::Broken(reason(error)),
    };
    // Who takes no more has an answer already.
    let _ = to.send(last).await;
    fed
}

async fn pass_on<S, E>(
    body: S,
    most: Most,
    stall: Duration,
    to: &mpsc::Sender<Piece>,
) -> Result<(), Error>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut body = std::pin::pin!(body);
    let mut left = most.bytes();
    while let Some(piece) = timeout(stall, body.next())
        .await
        .map_err(|_| Error::Timeout)?
    {
        let piece = piece.map_err(|_| {
            let message = "the body broke off, and nothing is changed; send it again";
            Error::fault("", "invalid_string", message)
        })?;
        left = left
            .checked_sub(piece.len() as u64)
            .ok_or_else(|| most.exceeded())?;
        if to.send(Piece::Bytes(piece)).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn reason(error: &Error) -> String {
    match error {
        Error::Validation(faults) => faults.iter().map(|fault| fault.message.as_str()).collect(),
        other => other.to_string(),
    }
}

/// How many bytes a body may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// As a file, whatever room there is.
    pub(super) max: u64,
    /// As many as the disk has room for.
    pub(super) room: u64,
}

impl Most {
    fn bytes(self) -> u64 {
        self.max.min(self.room)
    }

    /// Refuses a body that says beforehand that it has more.
    pub(super) fn check(self, length: u64) -> Result<(), Error> {
        if length > self.bytes() {
            return Err(self.exceeded());
        }
        Ok(())
    }

    fn exceeded(self) -> Error {
        let Self { max, room } = self;
        if room < max {
            return Error::NoRoom(format!(
                "the server's disk has room for {room} bytes more and keeps the rest for what runs; make room, and send it again"
            ));
        }
        Error::TooLarge(format!(
            "a file has at most {max} bytes here; send less, or have the server started with a larger --upload-max"
        ))
    }
}

/// The harness's side: the pieces as a stream that fails where the body is not whole, and says why.
pub(super) fn stream(
    pieces: mpsc::Receiver<Piece>,
    why: WhyBroken,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    stream::unfold(Some(pieces), move |pieces| {
        let why = Arc::clone(&why);
        async move {
            let mut pieces = pieces?;
            let reason = match pieces.recv().await {
                Some(Piece::Bytes(bytes)) => return Some((Ok(bytes), Some(pieces))),
                Some(Piece::End) => return None,
                Some(Piece::Broken(reason)) => reason,
                None => "the client hung up before the whole file was there".to_owned(),
            };
            let reason = why.get_or_init(|| reason).clone();
            Some((Err(Broken(reason)), None))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn file(max: u64) -> Most {
        let room = u64::MAX;
        Most { max, room }
    }

    const LONG: Duration = Duration::from_secs(60);

    fn pieces(texts: &[&'static str]) -> Vec<Result<Bytes, &'static str>> {
        texts.iter().map(|text| Ok(Bytes::from(*text))).collect()
    }

    /// What comes out on the harness's side: the bytes, and why they are not all.
    async fn passed(
        body: impl Stream<Item = Result<Bytes, &'static str>>,
        most: Most,
        stall: Duration,
    ) -> (Option<u16>, String, Option<String>) {
        let (to, from) = mpsc::channel(1);
        let why = WhyBroken::default();
        let taken = stream(from, Arc::clone(&why)).fold(String::new(), async |mut all, piece| {
            if let Ok(bytes) = piece {
                all += std::str::from_utf8(&bytes).expect("text");
            }
            all
        });
        let (fed, taken) = tokio::join!(feed(body, most, stall, to), taken);
        let refused = fed.err().map(|error| error.status().as_u16());
        (refused, taken, why.get().cloned())
    }

    #[tokio::test]
    async fn a_whole_body_passes_and_ends() {
        let body = stream::iter(pieces(&["ab", "c"]));
        assert_eq!(
            passed(body, file(3), LONG).await,
            (None, "abc".into(), None)
        );
        let none = stream::empty();
        assert_eq!(
            passed(none, file(0), LONG).await,
            (None, String::new(), None)
        );
    }

    #[tokio::test]
    async fn a_body_that_is_not_whole_never_looks_so() {
        let (status, taken, why) = passed(stream::iter(pieces(&["ab", "c"])), file(2), LONG).await;
        assert_eq!((status, &taken[..]), (Some(413), "ab"));
        assert!(why.is_some_and(|why| why.contains("at most 2 bytes")));

        let disk = Most { max: 9, room: 2 };
        let (status, taken, why) = passed(stream::iter(pieces(&["ab", "c"])), disk, LONG).await;
        assert_eq!((status, &taken[..]), (Some(507), "ab"));
        assert!(why.is_some_and(|why| why.contains("has room for 2 bytes more")));

        let mut broken = pieces(&["ab"]);
        broken.push(Err("reset"));
        let (status, taken, why) = passed(stream::iter(broken), file(9), LONG).await;
        assert_eq!((status, &taken[..]), (Some(400), "ab"));
        assert!(why.is_some());

        let stalled = stream::iter(pieces(&["ab"])).chain(stream::pending());
        let (status, taken, why) = passed(stalled, file(9), Duration::from_millis(10)).await;
        assert_eq!((status, &taken[..]), (Some(408), "ab"));
        assert!(why.is_some());
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_breaks_its_body_off() {
        let (to, from) = mpsc::channel(1);
        let why = WhyBroken::default();
        let mut stream = std::pin::pin!(stream(from, Arc::clone(&why)));
        let body = stream::iter(pieces(&["ab"])).chain(stream::pending());
        let feeding = tokio::spawn(feed(body, file(9), LONG, to));
        let first = stream.next().await.expect("a piece").expect("whole");
        assert_eq!(first, "ab");
        feeding.abort();
        assert!(stream.next().await.expect("an error").is_err());
        assert!(stream.next().await.is_none());
        assert_eq!(
            why.get().map(String::as_str),
            Some("the client hung up before the whole file was there")
        );
    }

    #[tokio::test]
    async fn nobody_feeds_who_has_an_answer() {
        let (to, from) = mpsc::channel(1);
        drop(from);
        let endless = stream::repeat(Ok::<_, Infallible>(Bytes::from("x")));
        feed(endless, file(u64::MAX), LONG, to)
            .await
            .expect("it ends");
    }
}
