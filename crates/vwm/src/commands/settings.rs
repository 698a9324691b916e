//! `vwm settings`: what holds for every worker.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vwm_api::{Setting, SettingRevision};
use vwm_client::Client;

use super::input;
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// The setting whose value is a text.
const SYSTEM_INSTRUCTIONS: &str = "system_agent_md";

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Lists all settings
    #[command(after_help = "Example:\n  vwm settings list")]
    List {
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Prints the value of one setting
    #[command(
        after_help = "Examples:\n  vwm settings get system_agent_md > house.md\n  vwm settings get engineFolders --output json"
    )]
    Get {
        /// Its name
        setting: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Sets one setting; what it was stays in its history
    Set(SetArgs),
    /// Shows what a setting was, newest first
    #[command(after_help = "Example:\n  vwm settings history system_agent_md")]
    History {
        /// Its name
        setting: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
}

/// What to set.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm settings set system_agent_md --file house.md\n  vwm settings set engineFolders '[\"/opt/agents\"]'\n  jq .folders team.json | vwm settings set engineFolders --stdin\n\nA text for system_agent_md, which every worker is told; JSON for all others."
)]
pub(crate) struct SetArgs {
    /// Its name
    setting: String,
    /// The value
    #[arg(required_unless_present_any = ["file", "stdin"])]
    value: Option<String>,
    /// Reads the value from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["value", "stdin"])]
    file: Option<PathBuf>,
    /// Reads the value from standard input
    #[arg(long, conflicts_with = "value")]
    stdin: bool,
    /// In which form
    #[command(flatten)]
    form: Form,
}

/// Does it.
pub(crate) async fn run(command: SettingsCommand, context: &Context) -> Result<(), CliError> {
    match command {
        SettingsCommand::List { form } => list(&context.client()?, form).await,
        SettingsCommand::Get { setting, form } => {
            let setting = get(&context.client()?, &setting).await?;
            if form.is_json() {
                return table::json(&setting);
            }
            match &setting.value {
                Value::String(text) => table::text(&with_end(text)),
                value => table::json(value)?,
            }
            Ok(())
        }
        SettingsCommand::Set(args) => set(args, context).await,
        SettingsCommand::History { setting, form } => {
            let setting = get(&context.client()?, &setting).await?;
            if form.is_json() {
                return table::json(&setting.history);
            }
            let row = |it: &SettingRevision| {
                let by = it
                    .set_by
                    .map_or_else(|| "the server".to_owned(), |id| id.to_string());
                vec![
                    it.revision.to_string(),
                    numbers::ago(it.created_at),
                    by,
                    beginning(&it.value),
                ]
            };
            table::rows(
                &["revision", "set", "by key", "value"],
                setting.history.iter().map(row).collect(),
            );
            Ok(())
        }
    }
}

async fn list(client: &Client, form: Form) -> Result<(), CliError> {
    let settings = client.settings().await?;
    if form.is_json() {
        return table::json(&settings);
    }
    if settings.is_empty() {
        table::aside(
            "nothing is set yet: `vwm settings set system_agent_md --file house.md` tells every worker the house's rules",
        );
        return Ok(());
    }
    let row = |it: &Setting| {
        vec![
            it.key.clone(),
            it.revision.to_string(),
            numbers::ago(it.updated_at),
            beginning(&it.value),
        ]
    };
    table::rows(
        &["setting", "revision", "set", "value"],
        settings.iter().map(row).collect(),
    );
    Ok(())
}

async fn get(client: &Client, name: &str) -> Result<Setting, CliError> {
    match client.setting(name).await {
        Ok(setting) => Ok(setting),
        Err(error) if error.is_not_found() => Err(CliError::failed(
            format!("{name:?} is not set"),
            "`vwm settings list` shows what is",
        )),
        Err(error) => Err(error.into()),
    }
}

async fn set(args: SetArgs, context: &Context) -> Result<(), CliError> {
    let text = match (args.value, &args.file) {
        (Some(value), _) => value,
        (None, Some(path)) => input::text(path)?,
        (None, None) => input::stdin()?,
    };
    let value = value(&args.setting, text)?;
    let setting = context.client()?.put_setting(&args.setting, &value).await?;
    if args.form.is_json() {
        return table::json(&setting);
    }
    table::line(format!(
        "setting {} is at revision {}",
        table::plain(&setting.key),
        setting.revision
    ));
    for warning in &setting.warnings {
        table::aside(format!("warning: {}: {}", warning.path, warning.message));
    }
    Ok(())
}

/// What a text is as the value of a setting.
fn value(setting: &str, text: String) -> Result<Value, CliError> {
    if setting == SYSTEM_INSTRUCTIONS {
        return Ok(json!(text));
    }
    serde_json::from_str(&text).map_err(|error| {
        CliError::usage(
            format!("the value of {setting} is not JSON: {error}"),
            "a text stands in double quotes, and the shell wants single ones around them: '\"text\"'",
        )
    })
}

/// The first of a value, on a line.
fn beginning(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut beginning: String = text.chars().take(60).collect();
    if beginning.len() < text.len() {
        beginning.push('…');
    }
    beginning
}

fn with_end(text: &str) -> String {
    if text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_are_a_text_and_all_else_is_json() {
        let text = "Be kind.\n".to_owned();
        assert_eq!(
            value(SYSTEM_INSTRUCTIONS, text.clone()).unwrap(),
            json!(text)
        );
        assert_eq!(
            value("limits", "{\"a\": 1}\n".into()).unwrap(),
            json!({"a": 1})
        );
        let error = value("colour", "red".into()).expect_err("no JSON");
        assert_eq!(error.exit_code(), 2);
    }
}
