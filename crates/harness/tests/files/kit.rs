//! A harness that serves a volume, and its client.

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tokio::sync::oneshot;
use vwm_api::SessionId;
use vwm_api::harness::{Boot, FileWritten};
use vwm_client::{ClientError, Endpoint, Harness};

/// More than anything here takes on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);
/// More than any of the tests writes by intent.
pub(crate) const MOST: u64 = 1 << 30;

/// A session's volume with its harness, and beside it what nobody may reach.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) session: SessionId,
    pub(crate) client: Harness,
    volume: PathBuf,
    harness: Child,
}

impl World {
    /// A workspace as a preparation leaves it, with a knowledge base.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let volume = folder.path().join("volume");
        fs::create_dir(&volume).expect("a folder");
        Self::on(folder, volume)
    }

    pub(crate) fn on(folder: TempDir, volume: PathBuf) -> Self {
        for name in ["workspace", "kb", "kb/learnings"] {
            fs::create_dir(volume.join(name)).expect("a folder");
        }
        Self::bare(folder, volume)
    }

    /// A volume with nothing on it.
    pub(crate) fn bare(folder: TempDir, volume: PathBuf) -> Self {
        let session = SessionId::new();
        let socket = folder.path().join("socket");
        let mut harness = Command::new(env!("CARGO_BIN_EXE_vwm-harness"))
            .arg("harness")
            .args([Path::new("--volume"), &volume])
            .args([Path::new("--socket"), &socket])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the harness starts");
        let boot = Boot {
            session,
            generation: 1,
            token: "token".to_owned(),
            stored_n: 0,
        };
        let boot = serde_json::to_string(&boot).expect("serializes");
        let mut stdin = harness.stdin.take().expect("stdin is piped");
        writeln!(stdin, "{boot}").expect("it reads");
        let stdout = harness.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it speaks");
        assert_eq!(line, "listening\n");
        let client = Harness {
            endpoint: Endpoint::Unix(socket),
            token: "token".to_owned(),
            generation: 1,
        };
        Self {
            folder,
            session,
            client,
            volume,
            harness,
        }
    }

    /// A place in the workspace.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.volume.join("workspace").join(path)
    }

    /// A place on the volume.
    pub(crate) fn volume(&self, path: &str) -> PathBuf {
        self.volume.join(path)
    }

    pub(crate) async fn read(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        let (length, bytes) = self.client.read_file(path).await?;
        let read: Vec<Bytes> = bytes.try_collect().await?;
        let read = read.concat();
        assert_eq!(read.len() as u64, length);
        Ok(read)
    }

    pub(crate) async fn write(
        &self,
        path: &str,
        content: &str,
    ) -> Result<FileWritten, ClientError> {
        self.client.write_file(path, MOST, text(content)).await
    }

    /// Kills the harness, as a crash does.
    pub(crate) fn kill(&mut self) {
        self.harness.kill().expect("it is ours");
        self.harness.wait().expect("it ends");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It may have been killed by its test.
        let _ = self.harness.kill();
        let _ = self.harness.wait();
    }
}

/// A body that is all there.
pub(crate) fn text(content: &str) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let content = Bytes::copy_from_slice(content.as_bytes());
    stream::once(async move { Ok(content) })
}

/// So many bytes, in pieces of 64 KiB.
pub(crate) fn zeros(bytes: usize) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let piece = Bytes::from_static(&[0; 64 << 10]);
    stream::iter((0..bytes / piece.len()).map(move |_| Ok(piece.clone())))
}

/// So many bytes, and then nothing more; tells when they are sent.
pub(crate) fn stuck(
    bytes: usize,
) -> (
    impl Stream<Item = Result<Bytes, std::io::Error>>,
    oneshot::Receiver<()>,
) {
    let (sent, is_sent) = oneshot::channel();
    let all_sent = stream::once(async move {
        // Not everybody waits for it.
        let _ = sent.send(());
        Ok(Bytes::new())
    });
    let body = zeros(bytes).chain(all_sent).chain(stream::pending());
    (body, is_sent)
}

/// The status and the sentence of a refusal.
#[track_caller]
pub(crate) fn refusal<T>(answer: Result<T, ClientError>) -> (u16, String) {
    match answer {
        Err(error) => match error.status() {
            Some(status) => (status, error.to_string()),
            None => panic!("no answer: {}", vwm_api::chain(&error)),
        },
        Ok(_) => panic!("it was done"),
    }
}

/// Everything in a folder and below it, by name.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            let below = path.strip_prefix(folder).expect("below it");
            found.push(below.to_string_lossy().into_owned());
            if entry.file_type().expect("a type").is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}
