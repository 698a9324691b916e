//! Bytes up and down, with progress; a local file appears when it is whole.

use std::fs::Permissions;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use indicatif::ProgressBar;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;
use vwm_api::SessionId;
use vwm_client::{ByteStream, Client, ClientError};

use super::{progress, refused};
use crate::commands::input;
use crate::error::CliError;
use crate::output::stdout::Stdout;
use crate::output::{numbers, table};
use crate::sitting::Interrupts;

/// Prints a file.
pub(super) async fn print(client: &Client, session: SessionId, path: &str) -> Result<(), CliError> {
    let bytes = client.download_file(session, path).await;
    let mut bytes = bytes.map_err(refused(session, path))?;
    while let Some(piece) = bytes.try_next().await? {
        if Stdout.write_all(&piece).is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes a small file.
pub(super) async fn write(
    client: &Client,
    session: SessionId,
    path: &str,
    local: &Path,
) -> Result<(), CliError> {
    let mut content = Vec::new();
    let mut read = reader(local).await?.0;
    tokio::io::AsyncReadExt::read_to_end(&mut read, &mut content)
        .await
        .map_err(CliError::system(format!("cannot read {}", local.display())))?;
    let size = content.len() as u64;
    let written = client.write_file(session, path, content).await;
    written.map_err(refused(session, path))?;
    table::aside(format!(
        "{} is written, {}",
        table::plain(path),
        numbers::bytes(size)
    ));
    Ok(())
}

/// Brings a file of any length there.
pub(super) async fn upload(
    client: &Client,
    session: SessionId,
    path: &str,
    local: &Path,
) -> Result<(), CliError> {
    let (reader, length) = reader(local).await?;
    let bar = progress::bar(path, length);
    let counted = bar.clone();
    let content =
        ReaderStream::with_capacity(reader, 64 * 1024).inspect_ok(move |piece: &Bytes| {
            counted.inc(piece.len() as u64);
        });
    let sent = client.upload_file(session, path, content).await;
    let size = bar.position();
    bar.finish_and_clear();
    sent.map_err(refused(session, path))?;
    table::aside(format!(
        "{} is uploaded, {}",
        table::plain(path),
        numbers::bytes(size)
    ));
    Ok(())
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// What is to be sent, and how long it is where that is known.
async fn reader(local: &Path) -> Result<(Reader, Option<u64>), CliError> {
    if input::is_dash(local) {
        return Ok((Box::new(tokio::io::stdin()), None));
    }
    let cannot = || CliError::system(format!("cannot read {}; does it exist?", local.display()));
    let file = File::open(local).await.map_err(cannot())?;
    let metadata = file.metadata().await.map_err(cannot())?;
    if metadata.is_dir() {
        return Err(CliError::failed(
            format!("{} is a folder", local.display()),
            "bring its files one by one, or pack them: `tar cz FOLDER | vwm files upload SESSION PATH -`",
        ));
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), length))
}

/// Brings a file of any length here.
pub(super) async fn download(
    client: &Client,
    session: SessionId,
    path: &str,
    local: Option<PathBuf>,
    force: bool,
) -> Result<(), CliError> {
    if local.as_deref().is_some_and(input::is_dash) {
        return print(client, session, path).await;
    }
    let target = target(path, local)?;
    if !force && target.symlink_metadata().is_ok() {
        return Err(there_already(&target));
    }
    let mut bytes = client
        .download_file(session, path)
        .await
        .map_err(refused(session, path))?;
    let cannot = || CliError::system(format!("cannot write {}", target.display()));
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".vwm-download-")
        // As any program's new file: what the user's mask leaves of it.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(cannot())?;
    let bar = progress::bar(path, size_of(client, session, path).await);
    let mut interrupts = Interrupts::listen()?;
    let size = tokio::select! {
        size = receive(&mut bytes, &mut file, &bar) => size,
        // What is half there is removed when it is dropped.
        () = interrupts.next() => Err(Broken::Interrupted),
    };
    bar.finish_and_clear();
    let size = size.map_err(|error| match error {
        Broken::Server(error) => CliError::from(error),
        Broken::Local(error) => cannot()(error),
        Broken::Interrupted => CliError::Aborted {
            message: format!("stopped; {} is not there", target.display()),
        },
    })?;
    keep(file, &target, force)?;
    table::aside(format!(
        "{} is here, {}",
        target.display(),
        numbers::bytes(size)
    ));
    Ok(())
}

/// How long a file is, where somebody looks on.
async fn size_of(client: &Client, session: SessionId, path: &str) -> Option<u64> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let list = client.list_files(session, folder).await.ok()?;
    list.items.into_iter().find(|it| it.name == name)?.size
}

/// Why a file is not whole.
enum Broken {
    Server(ClientError),
    Local(io::Error),
    Interrupted,
}

async fn receive(
    bytes: &mut ByteStream,
    file: &mut NamedTempFile,
    bar: &ProgressBar,
) -> Result<u64, Broken> {
    let mut size = 0;
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(Broken::Server)?;
        file.write_all(&piece).map_err(Broken::Local)?;
        size += piece.len() as u64;
        bar.set_position(size);
    }
    file.as_file().sync_all().map_err(Broken::Local)?;
    Ok(size)
}

/// Gives a whole file its name.
fn keep(file: NamedTempFile, target: &Path, force: bool) -> Result<(), CliError> {
    let kept = if force {
        file.persist(target)
    } else {
        file.persist_noclobber(target)
    };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(there_already(target))
        }
        Err(error) => Err(CliError::System {
            what: format!("cannot write {}", target.display()),
            source: error.error,
        }),
    }
}

/// Where a file is put: under its own name, unless another is given.
fn target(path: &str, local: Option<PathBuf>) -> Result<PathBuf, CliError> {
    let name = Path::new(path).file_name();
    match (local, name) {
        (Some(local), Some(name)) if local.is_dir() => Ok(local.join(name)),
        (Some(local), _) => Ok(local),
        (None, Some(name)) => Ok(PathBuf::from(name)),
        (None, None) => Err(CliError::usage(
            format!("{path:?} does not name a file"),
            "name one, relative to the workspace",
        )),
    }
}

fn there_already(target: &Path) -> CliError {
    CliError::failed(
        format!("{} is there already", target.display()),
        "give another name, or --force to replace it",
    )
}
