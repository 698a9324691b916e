//! Finds the server and the key to it: by `VWM_URL` and `VWM_API_KEY`, or in the data directory of a server on this machine.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
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

    /// The server that the commands speak to. A data directory that was named goes before `VWM_URL`.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        if let (Some(url), None) = (&self.env.url, &self.data_dir) {
            let Some(key) = &self.env.api_key else {
                return Err(CliError::NoKey { url: url.clone() });
            };
            return Ok(Client::new(url, key)?);
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
