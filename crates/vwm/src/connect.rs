//! Finds the server and the key to it: by `VWM_URL` and `VWM_API_KEY`, by a login, or in the data directory of a server on this machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use vwm_client::Client;

use crate::config::Environment;
use crate::error::CliError;

/// What a server that is ready wrote into its data directory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ServerFile {
    /// Where it is reached from this machine.
    pub(crate) url: String,
    /// Its process.
    pub(crate) pid: u32,
    /// Its version.
    #[serde(default)]
    pub(crate) version: String,
}

/// What every command is given.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The environment.
    pub(crate) env: Environment,
    /// `--data-dir`, where it was given.
    pub(crate) data_dir: Option<PathBuf>,
}

impl Context {
    /// The data directory.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, CliError> {
        let chosen = self.data_dir.clone().or_else(|| self.env.data_dir.clone());
        chosen.ok_or_else(no_home)
    }

    /// Where engines are installed.
    pub(crate) fn engines_dir(&self, flag: Option<PathBuf>) -> Result<PathBuf, CliError> {
        flag.or_else(|| self.env.engines_dir.clone())
            .ok_or_else(no_home)
    }

    /// Where a login is kept.
    pub(crate) fn login_file(&self) -> Result<PathBuf, CliError> {
        let home = self.env.config_home.as_ref();
        home.map(|home| home.join("login.json")).ok_or_else(|| {
            CliError::usage(
                "there is no home folder to keep a login in",
                "set VWM_URL and VWM_API_KEY instead",
            )
        })
    }

    /// The server that the commands speak to: `--data-dir`, `VWM_URL`, `VWM_DATA_DIR`, a login, or the platform's data folder.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        if let (Some(url), None) = (&self.env.url, &self.data_dir) {
            let Some(key) = &self.env.api_key else {
                return Err(CliError::NoKey { url: url.clone() });
            };
            return Ok(Client::new(url, key)?);
        }
        let is_named = self.data_dir.is_some() || self.env.is_data_dir_named;
        if let (false, Ok(place)) = (is_named, self.login_file())
            && let Some(login) = Login::read(&place)?
        {
            return Ok(Client::new(&login.url, &login.api_key)?);
        }
        let data_dir = self.data_dir()?;
        let Some(server) = server_file(&data_dir)? else {
            return Err(CliError::NoServer { data_dir });
        };
        let key = match read(&data_dir.join("admin.key"))? {
            Some(key) => key.trim().to_owned(),
            None => match &self.env.api_key {
                Some(key) => key.clone(),
                None => return Err(CliError::NoKey { url: server.url }),
            },
        };
        Ok(Client::new(&server.url, &key)?)
    }
}

/// The server that this user logged in to, and the key to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    /// The server.
    pub(crate) url: String,
    /// The key.
    pub(crate) api_key: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Login {
    /// Reads it; none when nobody is logged in.
    pub(crate) fn read(place: &Path) -> Result<Option<Self>, CliError> {
        let Some(text) = read(place)? else {
            return Ok(None);
        };
        let login = serde_json::from_str(&text).map_err(|_| {
            CliError::failed(
                format!("{} is not what `vwm login` writes", place.display()),
                "remove it, and log in again",
            )
        })?;
        Ok(Some(login))
    }

    /// Keeps it, for its owner's eyes alone.
    pub(crate) fn write(&self, place: &Path) -> Result<(), CliError> {
        let cannot = || CliError::system(format!("cannot write {}; is it yours?", place.display()));
        let folder = place.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(cannot())?;
        // Such a file can be read by its owner only, from its first moment.
        let mut file = NamedTempFile::new_in(folder).map_err(cannot())?;
        serde_json::to_writer_pretty(&mut file, self)
            .map_err(io::Error::from)
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.as_file().sync_all())
            .map_err(cannot())?;
        file.persist(place).map_err(|error| cannot()(error.error))?;
        Ok(())
    }
}

/// What the server of a data directory says of itself; none when none is ready there.
pub(crate) fn server_file(data_dir: &Path) -> Result<Option<ServerFile>, CliError> {
    let path = data_dir.join("server.json");
    let Some(text) = read(&path)? else {
        return Ok(None);
    };
    let file = serde_json::from_str(&text).map_err(|_| {
        CliError::failed(
            format!("{} is not what a server writes", path.display()),
            "stop the server, remove the file, and start it again",
        )
    })?;
    Ok(Some(file))
}

fn read(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CliError::System {
            what: format!("cannot read {}; is it yours?", path.display()),
            source,
        }),
    }
}

fn no_home() -> CliError {
    CliError::usage(
        "there is no home folder to look for data in",
        "name the folder with --data-dir or VWM_DATA_DIR",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(dir: &Path, url: Option<&str>, key: Option<&str>) -> Context {
        Context {
            env: Environment {
                url: url.map(str::to_owned),
                api_key: key.map(str::to_owned),
                data_dir: Some(dir.to_owned()),
                ..Environment::default()
            },
            data_dir: None,
        }
    }

    #[test]
    fn the_server_is_found_by_its_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let told = |context: &Context| context.client().map(|it| it.url().to_owned());
        let usual = context(dir.path(), None, None);
        assert!(matches!(told(&usual), Err(CliError::NoServer { .. })));
        fs::write(
            dir.path().join("server.json"),
            r#"{"url":"http://127.0.0.1:9","pid":1,"version":"1"}"#,
        )
        .unwrap();
        assert!(matches!(told(&usual), Err(CliError::NoKey { .. })));
        fs::write(dir.path().join("admin.key"), "vwm_x\n").unwrap();
        assert_eq!(told(&usual).unwrap(), "http://127.0.0.1:9");
    }

    #[test]
    fn a_login_holds_until_something_is_named_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let mut context = context(dir.path(), None, Some("k"));
        context.env.config_home = Some(dir.path().join("config/vwm"));
        let place = context.login_file().unwrap();
        assert_eq!(Login::read(&place).unwrap(), None);
        let login = Login {
            url: "https://vwm.example.com".into(),
            api_key: "vwm_secret".into(),
        };
        login.write(&place).unwrap();
        assert_eq!(Login::read(&place).unwrap().as_ref(), Some(&login));
        assert_eq!(
            fs::metadata(&place).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(!format!("{login:?}").contains("vwm_secret"));
        let told = |context: &Context| context.client().map(|it| it.url().to_owned());
        assert_eq!(told(&context).unwrap(), login.url);
        let mut named = context.clone();
        named.env.url = Some("http://127.0.0.1:9".into());
        assert_eq!(told(&named).unwrap(), "http://127.0.0.1:9");
        let mut named = context.clone();
        named.data_dir = named.env.data_dir.clone();
        assert!(matches!(told(&named), Err(CliError::NoServer { .. })));
        context.env.is_data_dir_named = true;
        assert!(matches!(told(&context), Err(CliError::NoServer { .. })));
    }

    #[test]
    fn a_server_elsewhere_never_gets_the_key_of_this_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("admin.key"), "vwm_x").unwrap();
        let elsewhere = Some("https://vwm.example.com");
        let without = context(dir.path(), elsewhere, None).client();
        assert!(matches!(without, Err(CliError::NoKey { .. })));
        let with = context(dir.path(), elsewhere, Some("k")).client().unwrap();
        assert_eq!(with.url(), "https://vwm.example.com");
    }
}
