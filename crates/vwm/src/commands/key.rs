//! `vwm key`: who may ask. A secret is told once, alone on standard output, so that it can be piped where it belongs.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use vwm_api::{Key, KeyId, KeyWithSecret, NewKey, Role};
use vwm_client::{Client, ClientError};

use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Lists all keys, without their secrets
    #[command(after_help = "Example:\n  vwm key list")]
    List {
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Makes a key, and prints its secret: this once
    #[command(
        after_help = "Examples:\n  vwm key create ci --role session | gh secret set VWM_API_KEY\n  vwm key create ann --role admin --output json\n\nThe roles: admin may do everything; session has sessions and files, and reads workers; read only reads."
    )]
    Create {
        /// What a person calls it
        name: String,
        /// What it may do
        #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.map(Role::as_str)))]
        role: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Gives a key another secret, and prints it: this once; the old one opens nothing from now on
    #[command(after_help = "Example:\n  vwm key rotate 0197…")]
    Rotate {
        /// Its id
        id: KeyId,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Revokes a key: it opens nothing from now on
    #[command(after_help = "Example:\n  vwm key revoke 0197…")]
    Revoke {
        /// Its id
        id: KeyId,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
}

/// Does it.
pub(crate) async fn run(command: KeyCommand, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        KeyCommand::List { form } => list(&client.keys().await?, form),
        KeyCommand::Create { name, role, form } => {
            let role = Role::ALL.into_iter().find(|it| it.as_str() == role);
            let role = role.expect("clap lets only these through");
            let key = client.create_key(&NewKey { name, role }).await?;
            tell(&key, "is made", form)
        }
        KeyCommand::Rotate { id, form } => {
            let key = client.rotate_key(id).await.map_err(missing(id))?;
            tell(&key, "has another secret", form)
        }
        KeyCommand::Revoke { id, form } => revoke(&client, id, form).await,
    }
}

fn list(keys: &[Key], form: Form) -> Result<(), CliError> {
    if form.is_json() {
        return table::json(&keys);
    }
    let row = |key: &Key| {
        let revoked = key.revoked_at.map(numbers::ago).unwrap_or_default();
        vec![
            key.id.to_string(),
            key.name.clone(),
            key.role.as_str().to_owned(),
            numbers::ago(key.created_at),
            revoked,
        ]
    };
    table::rows(
        &["id", "name", "role", "made", "revoked"],
        keys.iter().map(row).collect(),
    );
    Ok(())
}

fn tell(made: &KeyWithSecret, did: &str, form: Form) -> Result<(), CliError> {
    if form.is_json() {
        return table::json(made);
    }
    let (key, role) = (&made.key, made.key.role.as_str());
    table::aside(format!(
        "key {} {did}: {}, role {role}; its secret is told this once",
        key.id,
        table::plain(&key.name)
    ));
    table::line(&made.secret);
    Ok(())
}

async fn revoke(client: &Client, id: KeyId, form: Form) -> Result<(), CliError> {
    client.revoke_key(id).await.map_err(missing(id))?;
    if form.is_json() {
        let keys = client.keys().await?;
        return table::json(&keys.into_iter().find(|key| key.id == id));
    }
    table::line(format!("key {id} is revoked"));
    Ok(())
}

fn missing(id: KeyId) -> impl FnOnce(ClientError) -> CliError {
    move |error| {
        if error.is_not_found() {
            return CliError::failed(
                format!("there is no key {id}"),
                "`vwm key list` shows those that there are",
            );
        }
        error.into()
    }
}
