//! `vwm runtime`: makes, changes, shows and deletes runtimes.

mod fields;

use clap::Subcommand;
use vwm_api::{Runtime, RuntimeId};
use vwm_client::Client;

use self::fields::{Fields, Named};
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// What to do with runtimes.
#[derive(Debug, Subcommand)]
pub(crate) enum RuntimeCommand {
    /// Lists runtimes
    #[command(after_help = "Examples:\n  vwm runtime list\n  vwm runtime list --tag gpu")]
    List {
        /// Only those that carry it
        #[arg(long)]
        tag: Option<String>,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Shows one runtime
    #[command(after_help = "Example:\n  vwm runtime show local")]
    Show {
        /// Its name or id
        runtime: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Makes a runtime
    #[command(
        after_help = "Examples:\n  vwm runtime create gpu --base-image registry.example.com/team/tools:1.4 --tag gpu\n  vwm runtime create big --base-image debian:13 --resources '{\"limits\": {\"memory\": \"8Gi\"}}'"
    )]
    Create {
        /// Its name
        name: String,
        /// What it is
        #[command(flatten)]
        fields: Fields,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Changes what is given of a runtime, and nothing else
    #[command(
        after_help = "Examples:\n  vwm runtime update gpu --base-image registry.example.com/team/tools:1.5\n  vwm runtime update gpu --reset runtimeClass --tag gpu --tag big"
    )]
    Update {
        /// Its name or id
        runtime: String,
        /// Gives it another name
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// What changes
        #[command(flatten)]
        fields: Fields,
        /// Takes a field back to its default; give it as often as needed
        #[arg(long, value_enum, value_name = "FIELD")]
        reset: Vec<Named>,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Deletes a runtime that no worker uses
    #[command(after_help = "Example:\n  vwm runtime delete gpu")]
    Delete {
        /// Its name or id
        runtime: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
}

/// Does it.
pub(crate) async fn run(command: RuntimeCommand, context: &Context) -> Result<(), CliError> {
    match command {
        RuntimeCommand::List { tag, form } => list(&context.client()?, tag, form).await,
        RuntimeCommand::Show { runtime, form } => {
            show(&find(&context.client()?, &runtime).await?, form)
        }
        RuntimeCommand::Create { name, fields, form } => {
            let new = fields.new_runtime(name)?;
            let runtime = context.client()?.create_runtime(&new).await?;
            told(&runtime, "created", form)
        }
        RuntimeCommand::Update {
            runtime,
            name,
            fields,
            reset,
            form,
        } => {
            let change = fields.change(name, &reset)?;
            let client = context.client()?;
            let id = find(&client, &runtime).await?.id;
            told(&client.update_runtime(id, &change).await?, "changed", form)
        }
        RuntimeCommand::Delete { runtime, form } => {
            let client = context.client()?;
            let runtime = find(&client, &runtime).await?;
            client.delete_runtime(runtime.id).await?;
            told(&runtime, "deleted", form)
        }
    }
}

/// The runtime of a name or id.
async fn find(client: &Client, named: &str) -> Result<Runtime, CliError> {
    let found = match named.parse::<RuntimeId>() {
        Ok(id) => client.runtime(id).await,
        Err(_) => client.runtime_by_name(named).await,
    };
    match found {
        Ok(runtime) => Ok(runtime),
        Err(error) if error.is_not_found() => Err(CliError::failed(
            format!("there is no runtime {named:?}"),
            "`vwm runtime list` shows those that there are",
        )),
        Err(error) => Err(error.into()),
    }
}

async fn list(client: &Client, tag: Option<String>, form: Form) -> Result<(), CliError> {
    let runtimes = match &tag {
        Some(tag) => client.runtimes_tagged(tag).await?,
        None => client.runtimes().await?,
    };
    if form.is_json() {
        return table::json(&runtimes);
    }
    if runtimes.is_empty() {
        table::aside("there is no such runtime: `vwm runtime create` makes one");
        return Ok(());
    }
    let row = |runtime: &Runtime| {
        let it = &runtime.definition;
        vec![
            it.name.clone(),
            it.base_image.clone(),
            it.tags.join(", "),
            numbers::ago(runtime.updated_at),
            it.description.clone().unwrap_or_default(),
        ]
    };
    table::rows(
        &["name", "base image", "tags", "changed", "description"],
        runtimes.iter().map(row).collect(),
    );
    Ok(())
}

fn show(runtime: &Runtime, form: Form) -> Result<(), CliError> {
    if form.is_json() {
        return table::json(runtime);
    }
    let it = &runtime.definition;
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let json = |value: serde_json::Value| match &value {
        serde_json::Value::Null => "–".to_owned(),
        _ => value.to_string(),
    };
    let selector = it.node_selector.iter();
    let selector: Vec<_> = selector
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let tolerations = it.tolerations.iter();
    let tolerations = tolerations.map(|it| json(serde_json::json!(it)));
    let mut fields = vec![
        ("name", it.name.clone()),
        ("id", runtime.id.to_string()),
        ("changed", runtime.updated_at.to_string()),
        ("description", optional(&it.description)),
        ("base image", it.base_image.clone()),
        ("worker image", optional(&it.vw_image)),
        ("tags", it.tags.join(", ")),
        ("engines", optional(&it.engines_dir)),
        ("resources", json(serde_json::json!(it.resources))),
        ("nodes", selector.join(", ")),
        ("tolerations", tolerations.collect::<Vec<_>>().join("\n")),
        ("runtime class", optional(&it.runtime_class)),
    ];
    for warning in &runtime.warnings {
        fields.push(("warning", format!("{}: {}", warning.path, warning.message)));
    }
    table::fields(&fields);
    Ok(())
}

fn told(runtime: &Runtime, did: &str, form: Form) -> Result<(), CliError> {
    if form.is_json() {
        return table::json(runtime);
    }
    let name = &runtime.definition.name;
    table::line(format!("runtime {} {did}", table::plain(name)));
    if did != "deleted" {
        for warning in &runtime.warnings {
            table::aside(format!(
                "warning: {name}: {}: {}",
                warning.path, warning.message
            ));
        }
    }
    Ok(())
}
