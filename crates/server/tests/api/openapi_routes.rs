//! The OpenAPI document and the router: what is routed is documented, and what is documented is routed.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use vwm_api::SessionId;
use vwm_server::http::router;

use crate::kit::TestApp;
use crate::openapi::Document;

/// The paths of the router, as OpenAPI writes them. Only its debug form tells them.
fn routed(app: &TestApp) -> BTreeSet<String> {
    let text = format!("{:?}", router(Arc::clone(&app.app)));
    let ids = text.split("RouteId(").skip(1);
    let quoted = ids.filter_map(|rest| rest.split_once(")")?.1.strip_prefix(": \""));
    let paths = quoted.filter_map(|rest| rest.split('"').next());
    paths
        .filter(|path| !path.contains("__private"))
        .map(|path| path.replace("{*", "{"))
        .collect()
}

#[tokio::test]
async fn every_path_of_the_router_is_in_the_document_and_the_other_way_round() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let documented = document.operations().into_iter();
    let documented: BTreeSet<_> = documented.map(|(path, ..)| path.to_owned()).collect();
    assert_eq!(routed(&app), documented);
}

#[tokio::test]
async fn a_path_answers_to_the_methods_that_are_documented_and_to_no_other() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let documented: BTreeSet<_> = document
        .operations()
        .into_iter()
        .map(|(path, method, _)| (path, method.to_uppercase()))
        .collect();
    let paths: BTreeSet<_> = documented.iter().map(|(path, _)| *path).collect();
    let id = SessionId::new().to_string();
    for path in paths {
        let parts = path.split('/').map(|part| match part {
            "{name}" | "{setting}" | "{path}" => "x",
            part if part.starts_with('{') => &id,
            part => part,
        });
        let real = parts.collect::<Vec<_>>().join("/");
        for method in [
            Method::GET,
            Method::PUT,
            Method::POST,
            Method::DELETE,
            Method::PATCH,
        ] {
            let call = format!("{method} {path}");
            let name = method.to_string();
            // A file may be called as a call is: `upload` is one, too.
            let is_file = |(of, by): &(&str, String)| {
                let folder = of.strip_suffix("{path}");
                *by == name && folder.is_some_and(|folder| path.starts_with(folder))
            };
            let is_documented =
                documented.contains(&(path, name.clone())) || documented.iter().any(is_file);
            let reply = app.send(method, &real, &[], None).await;
            let is_routed = reply.status != 405 && reply.body["error"] != "Route not found";
            assert_eq!(is_routed, is_documented, "{call}: {reply}");
        }
    }
}
