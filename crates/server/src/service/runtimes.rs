//! Runtimes: where workers run.

use std::path::Path;

use serde_json::{Map, Value};
use vwm_api::{NewRuntime, Runtime, RuntimeId};

use super::cluster;
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
    Ok(runtimes.into_iter().map(with_warnings).collect())
}

/// Returns a runtime.
pub(crate) async fn show(app: &App, id: RuntimeId) -> Result<Runtime, Error> {
    let runtime = app.store.runtime(id).await?;
    runtime
        .map(with_warnings)
        .ok_or(Error::NotFound(Resource::Runtime))
}

/// Returns the runtime of a name.
pub(crate) async fn show_by_name(app: &App, name: &str) -> Result<Runtime, Error> {
    let runtime = app.store.runtime_by_name(name).await?;
    runtime
        .map(with_warnings)
        .ok_or(Error::NotFound(Resource::Runtime))
}

/// Makes a runtime.
pub(crate) async fn create(app: &App, body: Value) -> Result<Runtime, Error> {
    Ok(with_warnings(app.store.create_runtime(read(body)?).await?))
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
    let updated = updated.map_err(Error::of_store(Resource::Runtime))?;
    Ok(with_warnings(updated))
}

/// Deletes a runtime that no worker names.
pub(crate) async fn delete(app: &App, id: RuntimeId) -> Result<(), Error> {
    let deleted = app.store.delete_runtime(id).await;
    deleted.map_err(Error::of_store(Resource::Runtime))
}

fn with_warnings(runtime: Runtime) -> Runtime {
    Runtime {
        warnings: cluster::warnings(&runtime.definition),
        ..runtime
    }
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
    let description = input.sized("description", 0..=10_000);
    let base_image = input.required("baseImage", |input, name| input.sized(name, 1..=1000));
    let vw_image = input.sized("vwImage", 1..=1000);
    let tags = tags(&mut input);
    let engines_dir = engines_dir(&mut input);
    let resources = cluster::resources(&mut input);
    let node_selector = cluster::node_selector(&mut input);
    let tolerations = cluster::tolerations(&mut input);
    let runtime_class = cluster::runtime_class(&mut input);
    input.close()?;
    Ok(NewRuntime {
        name: name.expect("without a name there was a fault"),
        description,
        base_image: base_image.expect("without an image there was a fault"),
        vw_image,
        tags,
        engines_dir,
        resources,
        node_selector,
        tolerations,
        runtime_class,
    })
}

fn tags(input: &mut Input) -> Vec<String> {
    let tags = input.texts("tags");
    input.bounded("tags", tags.len(), 100);
    for (index, tag) in tags.iter().enumerate() {
        if !(1..=100).contains(&tag.chars().count()) {
            let code = if tag.is_empty() {
                "too_short"
            } else {
                "too_long"
            };
            let place = format!("tags[{index}]");
            input.fault::<()>(&place, code, "a tag has 1 to 100 characters");
        }
    }
    tags
}

fn engines_dir(input: &mut Input) -> Option<String> {
    const NAME: &str = "enginesDir";
    let dir = input.sized(NAME, 1..=1000)?;
    if !Path::new(&dir).is_absolute() {
        return input.fault(NAME, "invalid_string", "give an absolute path");
    }
    Some(dir)
}
