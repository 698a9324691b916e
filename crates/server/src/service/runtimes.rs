//! Runtimes: where workers run.

use std::path::Path;

use serde_json::{Map, Value};
use vwm_api::{NewRuntime, Runtime, RuntimeId};

use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;

/// Returns every runtime, by name; with `tag`, those that have it.
pub(crate) async fn list(app: &App, mut query: Input) -> Result<Vec<Runtime>, Error> {
    let tag = query.text("tag");
    query.close()?;
    let mut runtimes = app.store.runtimes().await?;
    if let Some(tag) = tag {
        runtimes.retain(|runtime| runtime.definition.tags.contains(&tag));
    }
    Ok(runtimes)
}

/// Returns a runtime.
pub(crate) async fn show(app: &App, id: RuntimeId) -> Result<Runtime, Error> {
    let runtime = app.store.runtime(id).await?;
    runtime.ok_or(Error::NotFound(Resource::Runtime))
}

/// Returns the runtime of a name.
pub(crate) async fn show_by_name(app: &App, name: &str) -> Result<Runtime, Error> {
    let runtime = app.store.runtime_by_name(name).await?;
    runtime.ok_or(Error::NotFound(Resource::Runtime))
}

/// Makes a runtime.
pub(crate) async fn create(app: &App, body: Value) -> Result<Runtime, Error> {
    Ok(app.store.create_runtime(read(body)?).await?)
}

/// Changes some fields of a runtime, and checks the whole again.
pub(crate) async fn update(app: &App, id: RuntimeId, patch: Value) -> Result<Runtime, Error> {
    let stored = show(app, id).await?;
    let whole = match patch {
        Value::Object(patch) => Value::Object(merged(&stored.definition, patch)?),
        // Let the reader say what is wrong with it.
        other => other,
    };
    let updated = app.store.update_runtime(id, read(whole)?).await;
    updated.map_err(Error::of_store(Resource::Runtime))
}

/// Deletes a runtime that no worker names.
pub(crate) async fn delete(app: &App, id: RuntimeId) -> Result<(), Error> {
    let deleted = app.store.delete_runtime(id).await;
    deleted.map_err(Error::of_store(Resource::Runtime))
}

fn merged(stored: &NewRuntime, patch: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let Value::Object(mut whole) = serde_json::to_value(stored).map_err(Error::internal)? else {
        return Err(Error::internal("a runtime is not an object"));
    };
    whole.extend(patch);
    Ok(whole)
}

fn read(body: Value) -> Result<NewRuntime, Error> {
    let mut input = Input::of_body(body);
    let name = input.required("name", |input, name| input.sized(name, 1..=100));
    let description = input.text("description");
    let base_image = input.required("baseImage", |input, name| input.sized(name, 1..=1000));
    let vw_image = input.sized("vwImage", 1..=1000);
    let tags = input.texts("tags");
    let engines_dir = input.text("enginesDir");
    if engines_dir
        .as_deref()
        .is_some_and(|dir| !Path::new(dir).is_absolute())
    {
        let message = "give an absolute path";
        input.fault::<()>("enginesDir", "invalid_string", message);
    }
    input.close()?;
    Ok(NewRuntime {
        // Read with the rest of the cluster's fields, which nothing acts on yet.
        resources: None,
        node_selector: Default::default(),
        tolerations: Vec::new(),
        runtime_class: None,
        name: name.expect("without a name there was a fault"),
        description,
        base_image: base_image.expect("without an image there was a fault"),
        vw_image,
        tags,
        engines_dir,
    })
}
