//! The HTTP surface. The route table is the table of contents: one file per resource, whose handlers only translate.

mod access;
mod cors;
mod engines;
mod events;
mod extract;
mod files;
mod health;
mod json;
mod keys;
mod metrics;
mod numbers;
mod openapi;
mod requests;
mod runtimes;
mod sessions;
mod settings;
mod sse;
mod transcript;
mod turns;
mod workers;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::{Error, Resource};
use access::Area;

/// Returns everything that the server answers.
pub fn router(app: Arc<App>) -> Router {
    let (router, document) = routes(&app).split_for_parts();
    let document = openapi::text(document);
    let origins = app.config.allow_origins.clone();
    let router = router
        .route("/openapi.json", get(async || openapi::answer(document)))
        .fallback(async || Error::NotFound(Resource::Route))
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(extract::BODY_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(requests::attend))
        .with_state(app);
    if origins.is_empty() {
        return router;
    }
    router.layer(cors::layer(&origins))
}

/// The route table: each line is a path, and its handlers' attributes are its lines in the OpenAPI document.
fn routes(app: &Arc<App>) -> OpenApiRouter<Arc<App>> {
    let guarded = |routes: OpenApiRouter<Arc<App>>, area: Area| {
        let guard = from_fn_with_state((Arc::clone(app), area), access::check);
        routes.route_layer(guard)
    };
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .merge(open_routes())
        .merge(guarded(status_routes(), Area::Status))
        .merge(guarded(session_routes(), Area::Sessions))
        .merge(guarded(worker_routes(), Area::Workers))
        .merge(guarded(admin_routes(), Area::Admin))
        .merge(guarded(key_routes(), Area::Keys))
}

/// What needs no key.
fn open_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(health::name))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
}

/// What needs any key.
fn status_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(health::status))
        .routes(routes!(metrics::show))
}

fn session_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::list, sessions::create))
        .routes(routes!(sessions::show, sessions::end))
        .routes(routes!(sessions::suspend))
        .routes(routes!(sessions::resume))
        .routes(routes!(sessions::push))
        .routes(routes!(turns::prompt))
        .routes(routes!(turns::stream))
        .routes(routes!(turns::create))
        .routes(routes!(turns::show))
        .routes(routes!(turns::watch))
        .routes(routes!(turns::retry))
        .routes(routes!(turns::abort))
        .routes(routes!(events::watch))
        .routes(routes!(transcript::show))
        .routes(routes!(numbers::telemetry))
        .routes(routes!(numbers::stats))
        .merge(file_routes())
}

fn file_routes() -> OpenApiRouter<Arc<App>> {
    let of_file = || get(files::read).put(files::write).delete(files::delete);
    OpenApiRouter::new()
        .routes(routes!(files::list))
        .routes(routes!(files::read, files::write, files::delete))
        .routes(routes!(files::upload))
        .routes(routes!(files::download))
        .routes(routes!(files::changes))
        // What the two calls above leave of files that are named so; it is in the document under `{path}` already.
        .route("/sessions/{session}/files/upload", of_file())
        .route(
            "/sessions/{session}/files/download/{*path}",
            put(files::write).delete(files::delete),
        )
}

fn worker_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(workers::list, workers::create))
        .routes(routes!(workers::show_by_name))
        .routes(routes!(workers::show, workers::update, workers::delete))
        .routes(routes!(workers::revisions))
        .routes(routes!(sessions::list_of_worker))
}

fn admin_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(runtimes::list, runtimes::create))
        .routes(routes!(runtimes::show_by_name))
        .routes(routes!(runtimes::show, runtimes::update, runtimes::delete))
        .routes(routes!(settings::list))
        .routes(routes!(settings::show, settings::set))
        .routes(routes!(engines::list))
}

fn key_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "a panic without words".to_owned());
    Error::internal(format!("a handler panicked: {text}")).into_response()
}
