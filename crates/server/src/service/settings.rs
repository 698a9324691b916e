//! Settings: which keys there are, and what each may be.

use std::path::Path;

use serde_json::Value;
use vwm_api::{Key, Setting};

use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;

/// The keys that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The system instructions: a text, first in every worker's instructions.
    SystemAgentMd,
    /// Folders that an `acp` or `command` program may be read and run from.
    EngineFolders,
}

impl Known {
    fn of(key: &str) -> Option<Self> {
        match key {
            "system_agent_md" => Some(Self::SystemAgentMd),
            "engineFolders" => Some(Self::EngineFolders),
            _ => None,
        }
    }
}

/// Returns a setting that was set.
pub(crate) async fn show(app: &App, key: &str) -> Result<Setting, Error> {
    known(key)?;
    let setting = app.store.setting(key).await?;
    setting.ok_or(Error::NotFound(Resource::Setting))
}

/// Sets a setting.
pub(crate) async fn set(app: &App, caller: &Key, key: &str, body: Value) -> Result<Setting, Error> {
    let known = known(key)?;
    let mut input = Input::of_body(body);
    let value = input.required("value", |input, name| match known {
        Known::SystemAgentMd => input.text(name).map(Value::from),
        Known::EngineFolders => Some(folders(input, name).into()),
    });
    input.close()?;
    let value = value.expect("without a value there was a fault");
    Ok(app.store.set_setting(key, value, Some(caller.id)).await?)
}

fn known(key: &str) -> Result<Known, Error> {
    Known::of(key).ok_or(Error::NotFound(Resource::SettingKey))
}

fn folders(input: &mut Input, name: &'static str) -> Vec<String> {
    let folders = input.texts(name);
    for (index, folder) in folders.iter().enumerate() {
        if !Path::new(folder).is_absolute() {
            let message = format!("{folder:?} is not an absolute path; give one");
            input.fault::<()>(&format!("{name}[{index}]"), "invalid_string", message);
        }
    }
    folders
}
