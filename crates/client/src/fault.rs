//! What became of a call that got no answer, and of one that was refused.

use std::error::Error;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;

use crate::error::{Cause, ClientError};

/// What a caller's own stream of content said: told apart from what the connection says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(pub(crate) Cause);

/// What a call failed of, which might take so long.
pub(crate) fn of(error: reqwest::Error, to: &str, within: Option<Duration>) -> ClientError {
    let to = to.to_owned();
    if let Some(source) = unreadable(&error) {
        ClientError::Content { source }
    } else if error.is_connect() {
        let source = root(&error);
        ClientError::Connect { to, source }
    } else if error.is_timeout() {
        let after = within.unwrap_or_default();
        ClientError::Silent { to, after }
    } else {
        let source = root(&error);
        ClientError::Lost { to, source }
    }
}

/// A refusal, with all that the answer says of it.
pub(crate) async fn refusal(response: reqwest::Response) -> Result<ClientError, reqwest::Error> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER);
    // A date, which some proxies write, is as good as nothing: clocks differ.
    let retry_after = retry_after.and_then(|it| it.to_str().ok()?.trim().parse().ok());
    let body = response.bytes().await?;
    let mut refused = ClientError::refused(status, &body);
    if let ClientError::Api {
        retry_after: at, ..
    } = &mut refused
    {
        *at = retry_after.map(Duration::from_secs);
    }
    Ok(refused)
}

/// What the system said, without the layers that only say that something below them failed.
fn root(error: &reqwest::Error) -> Cause {
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string().into()
}

fn unreadable(error: &reqwest::Error) -> Option<Cause> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(Unreadable(cause)) = error.downcast_ref() {
            return Some(cause.to_string().into());
        }
        cause = error.source();
    }
    None
}
