//! The data directory: made for its owner alone, used by one server at a time, its small files written by rename.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::start_error::StartError;

/// What `server.json` tells: where the server is that uses the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFile {
    /// Where it is reached from this machine.
    pub url: String,
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
}

/// A data directory that this process alone uses as long as the value lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Held for its lock.
    _lock: File,
}

impl DataDir {
    /// Makes the directory and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, StartError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StartError::DataDir { path, source }
        };
        let mut folder = DirBuilder::new();
        folder.recursive(true).mode(0o700);
        folder.create(path).map_err(failed(path))?;
        let mode = fs::metadata(path)
            .map_err(failed(path))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            // Not ours to change: somebody may keep other things in there.
            warn!(
                "Other users can look into the data directory {}; close it with chmod 700",
                path.display()
            );
        }
        let lock_path = path.join("server.lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StartError::Locked {
                    who: who_holds(path, &mut lock),
                });
            }
            Err(errno) => return Err(failed(&lock_path)(errno.into())),
        }
        write_pid(&mut lock).map_err(failed(&lock_path))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Returns the content of a small file; none where there is no such file.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StartError> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StartError::DataDir { path, source }),
        }
    }

    /// Writes a small file that only its owner reads: all of it, or nothing.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<(), StartError> {
        let path = self.path.join(name);
        self.write_and_rename(name, &path, content)
            .map_err(|source| StartError::DataDir { path, source })
    }

    /// Removes a small file; one that is gone already is removed, too.
    pub(crate) fn remove(&self, name: &str) -> Result<(), StartError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(StartError::DataDir { path, source }),
        }
    }

    /// Tells where this server is.
    pub(crate) fn announce(&self, file: &ServerFile) -> Result<(), StartError> {
        let json = serde_json::to_vec(file).expect("three plain fields serialize");
        self.write(SERVER_FILE, &json)
    }

    /// Takes back what `announce` told.
    pub(crate) fn withdraw(&self) -> Result<(), StartError> {
        self.remove(SERVER_FILE)
    }

    fn write_and_rename(&self, name: &str, path: &Path, content: &[u8]) -> io::Result<()> {
        let half = self.path.join(format!(".{name}.new"));
        // The lock makes us the only writer: what lies there is what a crash left.
        fs::remove_file(&half).or_else(ignore_missing)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&half)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&half, path)?;
        File::open(&self.path)?.sync_all()
    }
}

/// Returns the url of a server at this address, as this machine reaches it.
pub(crate) fn url_of(address: SocketAddr) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    format!("http://{address}")
}

const SERVER_FILE: &str = "server.json";

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn write_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

/// The pid is in the lock, the url only once the server is ready; `server.json` of one that was killed is not believed.
fn who_holds(path: &Path, lock: &mut File) -> String {
    let mut pid = String::new();
    if lock.read_to_string(&mut pid).is_err() || pid.trim().is_empty() {
        return "just starting".to_owned();
    }
    let pid = pid.trim();
    let told = fs::read(path.join(SERVER_FILE)).ok();
    let told = told.and_then(|json| serde_json::from_slice::<ServerFile>(&json).ok());
    match told.filter(|file| file.pid.to_string() == pid) {
        Some(file) => format!("pid {pid}, url {}", file.url),
        None => format!("pid {pid}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_told_who_the_first_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).expect("the first one");
        let pid = std::process::id();
        first
            .announce(&ServerFile {
                url: "http://127.0.0.1:7420".into(),
                pid,
                version: "1".into(),
            })
            .unwrap();
        let second = DataDir::open(dir.path()).expect_err("the second one");
        assert_eq!(
            second.to_string(),
            format!(
                "another server (pid {pid}, url http://127.0.0.1:7420) uses this data directory: \
                 stop it, or choose another with --data-dir"
            )
        );
        drop(first);
        DataDir::open(dir.path()).expect("the first one is gone");
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = DataDir::open(&file.join("data")).expect_err("a file is no folder");
        let told = refused.to_string();
        assert!(told.ends_with("choose another with --data-dir"), "{told}");
        assert!(told.contains(&file.display().to_string()), "{told}");
    }

    #[test]
    fn what_is_kept_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let data = DataDir::open(&path).unwrap();
        data.write("secret", b"x").unwrap();
        data.write("secret", b"y").unwrap();
        assert_eq!(data.read("secret").unwrap().as_deref(), Some(&b"y"[..]));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("secret")), 0o600);
        assert_eq!(mode(&path.join("server.lock")), 0o600);
    }

    #[test]
    fn a_server_on_every_address_is_reached_over_loopback() {
        assert_eq!(url_of("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(url_of("[::]:80".parse().unwrap()), "http://[::1]:80");
        assert_eq!(url_of("10.0.0.1:80".parse().unwrap()), "http://10.0.0.1:80");
    }
}
