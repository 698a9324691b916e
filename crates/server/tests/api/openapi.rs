//! The OpenAPI document: what is served is what is committed, and it speaks of every route.

use std::path::Path;

use crate::kit::TestApp;

#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let app = TestApp::start().await;
    let served = app.get_text("/openapi.json").await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/openapi.json");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    if committed != served {
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("makes a folder");
        std::fs::write(&file, served).expect("the document can be written");
        panic!(
            "clients/openapi.json was out of date and is written anew: look at the difference and commit it"
        );
    }
}
