//! API keys: make, list, rotate, revoke.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use vwm_api::{ErrorBody, Key, KeyId, KeyWithSecret, NewKey};

use super::access::Caller;
use super::extract::{Body, Id};
use crate::app::App;
use crate::error::Error;
use crate::service::keys;

/// Lists every key without its secret, oldest first, also those that were revoked.
#[utoipa::path(
    get, path = "/admin/keys", tag = "keys", operation_id = "listKeys",
    responses((status = 200, body = [Key]))
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<Key>>, Error> {
    Ok(Json(keys::list(&app).await?))
}

/// Makes a key. Its secret is told this once.
#[utoipa::path(
    post, path = "/admin/keys", tag = "keys", operation_id = "createKey",
    request_body = NewKey,
    responses((status = 201, body = KeyWithSecret))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Body(body): Body,
) -> Result<impl IntoResponse, Error> {
    let key = keys::create(&app, &caller, body).await?;
    Ok((StatusCode::CREATED, secret(key)))
}

/// Gives a key another secret, which is told this once. The old one opens nothing from the answer on, and streams that it opened end.
#[utoipa::path(
    post, path = "/admin/keys/{key}/rotate", tag = "keys", operation_id = "rotateKey",
    responses(
        (status = 200, body = KeyWithSecret),
        (status = 409, body = ErrorBody, description = "It is revoked"),
    )
)]
pub(super) async fn rotate(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Id(key): Id<KeyId>,
) -> Result<impl IntoResponse, Error> {
    Ok(secret(keys::rotate(&app, &caller, key).await?))
}

/// Revokes a key: it opens nothing any more, and streams that it opened end. Asking again changes nothing.
#[utoipa::path(
    delete, path = "/admin/keys/{key}", tag = "keys", operation_id = "revokeKey",
    responses(
        (status = 204, description = "It is revoked"),
        (status = 409, body = ErrorBody, description = "It is the last one with the role `admin`: make another one first"),
    )
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Id(key): Id<KeyId>,
) -> Result<StatusCode, Error> {
    keys::revoke(&app, &caller, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Nothing between us and the client may keep it.
fn secret(key: KeyWithSecret) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(key))
}
