//! Settings: what the known ones may be; any other is kept for whoever set it.

use std::path::Path;

use serde_json::Value;
use vwm_api::{Fault, Key, Setting, Warning};

use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;

/// The keys that VWM reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The system instructions: a text, first in every worker's instructions.
    SystemAgentMd,
    /// Folders that an `acp` or `command` program may be read and run from.
    EngineFolders,
}

impl Known {
    const ALL: [Self; 2] = [Self::SystemAgentMd, Self::EngineFolders];

    fn name(self) -> &'static str {
        match self {
            Self::SystemAgentMd => "system_agent_md",
            Self::EngineFolders => "engineFolders",
        }
    }

    fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == key)
    }
}

/// Returns every setting as it stands, by key.
pub(crate) async fn list(app: &App) -> Result<Vec<Setting>, Error> {
    let settings = app.store.settings().await?;
    Ok(settings.into_iter().map(with_warnings).collect())
}

/// Returns a setting that was set, with what it was.
pub(crate) async fn show(app: &App, key: &str) -> Result<Setting, Error> {
    let setting = app.store.setting_with_history(key, HISTORY).await?;
    setting
        .map(with_warnings)
        .ok_or(Error::NotFound(Resource::Setting))
}

/// Sets a setting.
pub(crate) async fn set(app: &App, caller: &Key, key: &str, body: Value) -> Result<Setting, Error> {
    let mut input = Input::of_body(body);
    input.push(key_fault(key));
    let value = input.required("value", |input, name| match Known::of(key) {
        Some(Known::SystemAgentMd) => input.text(name).map(Value::from),
        Some(Known::EngineFolders) => Some(folders(input, name).into()),
        None => input.take(name),
    });
    input.push(value.as_ref().and_then(value_fault));
    input.close()?;
    let value = value.expect("without a value there was a fault");
    let setting = app.store.set_setting(key, value, Some(caller.id)).await?;
    Ok(with_warnings(setting))
}

/// How many revisions are told.
const HISTORY: u32 = 100;
/// The longest key.
const KEY_MAX: usize = 100;
/// The longest value as JSON, in bytes: a hundred of them are told at once.
const VALUE_MAX: usize = 256 * 1024;
/// How deep a value may be: a JSON reader gives up somewhere, and the value is told in lists of objects.
const DEPTH_MAX: usize = 64;

fn with_warnings(setting: Setting) -> Setting {
    let unknown = Known::of(&setting.key).is_none();
    Setting {
        warnings: Vec::from_iter(unknown.then(|| unread(&setting.key))),
        ..setting
    }
}

fn unread(key: &str) -> Warning {
    let message = match vwm_worker::nearest(key, &Known::ALL.map(Known::name)) {
        Some(near) => format!("nothing reads this setting; did you mean `{near}`?"),
        None => "nothing reads this setting; it is kept for whoever asks for it".to_owned(),
    };
    Warning {
        path: "key".to_owned(),
        code: "unknown_setting".to_owned(),
        message,
    }
}

fn key_fault(key: &str) -> Option<Fault> {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    if !key.bytes().all(is_plain) {
        let message = "a key has only letters, digits, `.`, `_` and `-`";
        return Some(Fault::new("key", "invalid_string", message));
    }
    if key.len() > KEY_MAX {
        let message = format!("a key has at most {KEY_MAX} characters; shorten it");
        return Some(Fault::new("key", "too_long", message));
    }
    None
}

fn value_fault(value: &Value) -> Option<Fault> {
    if value.to_string().len() > VALUE_MAX {
        let message = "a value has at most 256 KiB as JSON; keep the rest elsewhere";
        return Some(Fault::new("value", "too_long", message));
    }
    if depth(value) > DEPTH_MAX {
        let message = format!("a value is at most {DEPTH_MAX} levels deep; make it flatter");
        return Some(Fault::new("value", "out_of_range", message));
    }
    None
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + inner.unwrap_or(0)
}

fn folders(input: &mut Input, name: &'static str) -> Vec<String> {
    let folders = input.texts(name);
    input.bounded(name, folders.len(), 100);
    for (index, folder) in folders.iter().enumerate() {
        if !Path::new(folder).is_absolute() {
            let message = format!("{folder:?} is not an absolute path; give one");
            input.fault::<()>(&format!("{name}[{index}]"), "invalid_string", message);
        }
    }
    folders
}
