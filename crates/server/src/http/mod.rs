//! The HTTP surface. The route table is the table of contents: one file per resource, whose handlers only translate.

mod access;
mod events;
mod extract;
mod health;
mod numbers;
mod openapi;
mod requests;
mod runtimes;
mod sessions;
mod settings;
mod sse;
mod turns;
mod workers;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
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
    router
        .route("/openapi.json", get(async || openapi::answer(document)))
        .fallback(async || Error::NotFound(Resource::Route))
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(extract::BODY_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(requests::attend))
        .with_state(app)
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
}

/// What needs no key.
fn open_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .route("/", get(health::name))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
}

/// What needs any key.
fn status_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().route("/status", get(health::status))
}

fn session_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::list, sessions::create))
        .routes(routes!(sessions::show, sessions::end))
        .routes(routes!(sessions::push))
        .route("/sessions/{session}/prompt", post(turns::prompt))
        .route("/sessions/{session}/stream", post(turns::stream))
        .route("/sessions/{session}/requests/{request}", get(turns::show))
        .route("/sessions/{session}/abort", post(turns::abort))
        .route("/sessions/{session}/events", get(events::watch))
        .route("/sessions/{session}/telemetry", get(numbers::telemetry))
        .route("/sessions/{session}/stats", get(numbers::stats))
}

fn worker_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .route("/admin/workers", get(workers::list).post(workers::create))
        .route("/admin/workers/by-name/{name}", get(workers::show_by_name))
        .route(
            "/admin/workers/{worker}",
            get(workers::show)
                .put(workers::update)
                .delete(workers::delete),
        )
        .route("/admin/workers/{worker}/revisions", get(workers::revisions))
}

fn admin_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .route(
            "/admin/runtimes",
            get(runtimes::list).post(runtimes::create),
        )
        .route(
            "/admin/runtimes/by-name/{name}",
            get(runtimes::show_by_name),
        )
        .route(
            "/admin/runtimes/{runtime}",
            get(runtimes::show)
                .put(runtimes::update)
                .delete(runtimes::delete),
        )
        .route("/admin/settings", get(settings::list))
        .route(
            "/admin/settings/{setting}",
            get(settings::show).put(settings::set),
        )
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "a panic without words".to_owned());
    Error::internal(format!("a handler panicked: {text}")).into_response()
}
