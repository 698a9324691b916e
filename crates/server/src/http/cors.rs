//! What pages of allowed origins may ask from a browser: what everybody with a key may.

use std::time::Duration;

use http::Method;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, LINK, LOCATION, RETRY_AFTER,
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Origin;

/// How long a browser may remember the answer.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Answers browsers, and says to pages of other origins that they may not.
pub(super) fn layer(origins: &[Origin]) -> CorsLayer {
    let header = HeaderName::from_static;
    let origins = origins.iter().map(|origin| origin.header().clone());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            header("x-api-key"),
            header("x-request-id"),
            header("idempotency-key"),
            header("last-event-id"),
        ])
        .expose_headers([ETAG, LINK, LOCATION, RETRY_AFTER, header("x-request-id")])
        .max_age(REMEMBERED)
}
