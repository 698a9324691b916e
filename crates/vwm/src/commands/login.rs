//! `vwm login` and `vwm logout`: which server this user speaks to, and with which key, kept in the user's configuration folder.

use clap::Args;
use serde_json::json;
use vwm_client::{Client, ClientError};

use super::input;
use crate::connect::{Context, Login};
use crate::error::CliError;
use crate::output::{Form, table};

/// Where to log in.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm login https://vwm.example.com\n  pass show vwm | vwm login https://vwm.example.com --stdin\n\nThe key is read from standard input, or typed without an echo: no option takes it, because shells remember those.\n--data-dir, VWM_URL with VWM_API_KEY, and VWM_DATA_DIR go before what is logged in to."
)]
pub(crate) struct LoginArgs {
    /// The server
    url: String,
    /// Reads the key from standard input
    #[arg(long)]
    stdin: bool,
    /// In which form
    #[command(flatten)]
    form: Form,
}

/// Checks the key, and keeps both.
pub(crate) async fn login(args: LoginArgs, context: &Context) -> Result<(), CliError> {
    let place = context.login_file()?;
    let authority = args.url.split('/').nth(2).unwrap_or_default();
    if authority.contains('@') {
        return Err(CliError::usage(
            "a user or password does not belong in an address: shells remember it",
            "leave it out; the key is asked for, or piped in with --stdin",
        ));
    }
    // A wrong address is told before anybody types a key.
    Client::new(&args.url, "")?;
    let key = input::secret("key", args.stdin)?;
    let client = Client::new(&args.url, &key)?;
    let status = client.status().await.map_err(refused)?;
    let login = Login {
        url: client.url().to_owned(),
        api_key: key,
    };
    login.write(&place)?;
    if args.form.is_json() {
        return table::json(&json!({ "url": login.url, "status": status }));
    }
    table::line(format!(
        "logged in to {}, version {}, with a key of the role {}",
        login.url,
        table::plain(&status.version),
        status.role.as_str()
    ));
    table::aside(format!(
        "the key is in {}; `vwm logout` removes it",
        place.display()
    ));
    Ok(())
}

/// Forgets them.
pub(crate) fn logout(context: &Context) -> Result<(), CliError> {
    let place = context.login_file()?;
    let Some(login) = Login::read(&place)? else {
        table::line("nobody was logged in");
        return Ok(());
    };
    std::fs::remove_file(&place).map_err(CliError::system(format!(
        "cannot remove {}",
        place.display()
    )))?;
    table::line(format!("logged out of {}", table::plain(&login.url)));
    Ok(())
}

fn refused(error: ClientError) -> CliError {
    if error.status() == Some(401) {
        return CliError::failed(
            "the server does not know this key",
            "ask whoever runs the server for one: `vwm key create` makes them",
        );
    }
    error.into()
}
