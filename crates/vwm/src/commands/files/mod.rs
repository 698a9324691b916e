//! `vwm files`: a session's workspace from outside.

mod progress;
mod transfer;

use std::path::PathBuf;

use clap::Subcommand;
use vwm_api::{FileChange, FileEntry, FileKind, SessionId};
use vwm_client::{Client, ClientError};

use super::session;
use super::session::named::Named;
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// What to do with files.
#[derive(Debug, Subcommand)]
pub(crate) enum FilesCommand {
    /// Lists a folder
    #[command(
        after_help = "Examples:\n  vwm files list 0197…\n  vwm files list 0197… session_repo/src"
    )]
    List {
        /// The session's id, or the beginning of it
        session: Named,
        /// The folder, relative to the workspace
        #[arg(default_value = ".")]
        path: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Prints a file
    #[command(after_help = "Example:\n  vwm files read 0197… session_repo/README.md")]
    Read {
        /// The session's id, or the beginning of it
        session: Named,
        /// The file, relative to the workspace
        path: String,
    },
    /// Writes a small file from a local one, or from standard input
    #[command(
        after_help = "Examples:\n  echo \"Read this first\" | vwm files write 0197… notes/first.md\n  vwm files write 0197… notes/first.md first.md\n\n`vwm files upload` is for what is large."
    )]
    Write {
        /// The session's id, or the beginning of it
        session: Named,
        /// The file, relative to the workspace
        path: String,
        /// What to write; `-` reads standard input
        #[arg(default_value = "-")]
        local: PathBuf,
    },
    /// Brings a local file of any length into the workspace
    #[command(
        after_help = "Examples:\n  vwm files upload 0197… data/sales.csv sales.csv\n  pg_dump shop | vwm files upload 0197… data/shop.sql -\n\nAn upload that breaks off changes nothing."
    )]
    Upload {
        /// The session's id, or the beginning of it
        session: Named,
        /// Where to, relative to the workspace
        path: String,
        /// What to bring; `-` reads standard input
        local: PathBuf,
    },
    /// Brings a file of any length out of the workspace
    #[command(
        after_help = "Examples:\n  vwm files download 0197… session_repo/report.pdf\n  vwm files download 0197… data/shop.sql backup/ --force\n  vwm files download 0197… logs.tar.gz - | tar tz\n\nThe local file is there when it is whole, and never before."
    )]
    Download {
        /// The session's id, or the beginning of it
        session: Named,
        /// The file, relative to the workspace
        path: String,
        /// Where to, a file or a folder; `-` writes to standard output [default: the file's name, here]
        local: Option<PathBuf>,
        /// Replaces a local file that is there already
        #[arg(long)]
        force: bool,
    },
    /// Deletes a file
    #[command(after_help = "Example:\n  vwm files delete 0197… data/sales.csv")]
    Delete {
        /// The session's id, or the beginning of it
        session: Named,
        /// The file, relative to the workspace
        path: String,
    },
    /// Lists what was written and deleted from outside, oldest first
    #[command(after_help = "Example:\n  vwm files changes 0197…")]
    Changes {
        /// The session's id, or the beginning of it
        session: Named,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
}

/// Does it.
pub(crate) async fn run(command: FilesCommand, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        FilesCommand::List {
            session,
            path,
            form,
        } => list(&client, session.find(&client).await?, &path, form).await,
        FilesCommand::Read { session, path } => {
            transfer::print(&client, session.find(&client).await?, &path).await
        }
        FilesCommand::Write {
            session,
            path,
            local,
        } => transfer::write(&client, session.find(&client).await?, &path, &local).await,
        FilesCommand::Upload {
            session,
            path,
            local,
        } => transfer::upload(&client, session.find(&client).await?, &path, &local).await,
        FilesCommand::Download {
            session,
            path,
            local,
            force,
        } => transfer::download(&client, session.find(&client).await?, &path, local, force).await,
        FilesCommand::Delete { session, path } => {
            let session = session.find(&client).await?;
            let deleted = client.delete_file(session, &path).await;
            deleted.map_err(refused(session, &path))?;
            table::aside(format!("{} is deleted", table::plain(&path)));
            Ok(())
        }
        FilesCommand::Changes { session, form } => {
            changes(&client, session.find(&client).await?, form).await
        }
    }
}

/// Says where to look when a file or its session is not there.
fn refused(session: SessionId, path: &str) -> impl FnOnce(ClientError) -> CliError {
    let hint = format!("`vwm files list {session}` shows what is there");
    let path = path.to_owned();
    move |error| {
        if error.is_not_found() {
            return CliError::failed(format!("{path:?}: {error}"), hint);
        }
        error.into()
    }
}

async fn list(client: &Client, session: SessionId, path: &str, form: Form) -> Result<(), CliError> {
    let list = client.list_files(session, path).await;
    let list = list.map_err(refused(session, path))?;
    if form.is_json() {
        return table::json(&list);
    }
    let row = |it: &FileEntry| {
        let name = match it.kind {
            FileKind::Folder => format!("{}/", it.name),
            FileKind::File | FileKind::Link | FileKind::Other => it.name.clone(),
        };
        let size = match it.kind {
            FileKind::File => it.size.map(numbers::bytes).unwrap_or_default(),
            FileKind::Folder => "folder".to_owned(),
            FileKind::Link => "link".to_owned(),
            FileKind::Other => "no file".to_owned(),
        };
        let changed = it.modified_at.map(numbers::ago).unwrap_or_default();
        vec![name, size, changed]
    };
    table::rows(
        &["name", "size", "changed"],
        list.items.iter().map(row).collect(),
    );
    if list.truncated {
        table::aside(format!(
            "there are more: only the first {} names are shown",
            list.items.len()
        ));
    }
    Ok(())
}

async fn changes(client: &Client, session: SessionId, form: Form) -> Result<(), CliError> {
    let changes = client.file_changes(session).await;
    let changes = changes.map_err(session::missing(session))?;
    if form.is_json() {
        return table::json(&changes);
    }
    if changes.is_empty() {
        table::aside("nothing was written from outside");
        return Ok(());
    }
    let row = |it: &FileChange| {
        let bytes = it.bytes.and_then(|it| u64::try_from(it).ok());
        vec![
            numbers::ago(it.created_at),
            it.action.as_str().to_owned(),
            it.status.as_str().to_owned(),
            bytes.map(numbers::bytes).unwrap_or_default(),
            it.path.clone(),
            it.error.clone().unwrap_or_default(),
        ]
    };
    table::rows(
        &["when", "call", "status", "size", "path", "error"],
        changes.iter().map(row).collect(),
    );
    Ok(())
}
