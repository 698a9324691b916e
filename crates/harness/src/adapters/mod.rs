//! The engines: one line for each, with what knows its language and what is installed for it.

mod acp;
mod claude;
mod ending;
#[cfg(test)]
mod recording;

use vwm_api::CliType;

use crate::adapter::Adapter;

/// What `vwm engine install` fetches, and where the harness finds it: both below the engines folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Install {
    /// The npm package.
    pub package: &'static str,
    /// The one version that the adapter is known to understand.
    pub version: &'static str,
    /// The folder that npm installs into (`--prefix`), below the engines folder.
    pub folder: &'static str,
    /// The program that is started, below `folder`: a native one needs no Node and no install script.
    pub program: &'static str,
    /// What makes the program say its version.
    pub version_args: &'static [&'static str],
    /// What it says then, without the line end.
    pub version_output: &'static str,
}

impl Install {
    /// Returns the program's path below the engines folder.
    #[must_use]
    pub fn path(&self) -> std::path::PathBuf {
        std::path::Path::new(self.folder).join(self.program)
    }
}

type Engine = (&'static dyn Adapter, Option<&'static Install>);

/// The list: a new engine is a variant, a file and a line here.
fn engine(engine: CliType) -> Option<Engine> {
    match engine {
        CliType::ClaudeCode => Some((&claude::Claude, Some(&claude::INSTALL))),
        CliType::Acp => Some((&acp::Acp, None)),
        CliType::Codex | CliType::Gemini | CliType::Opencode | CliType::Command => None,
    }
}

/// Returns what knows an engine's language; none for an engine that is not supported yet.
#[must_use]
pub fn adapter(of: CliType) -> Option<&'static dyn Adapter> {
    engine(of).map(|(adapter, _)| adapter)
}

/// Returns what is installed for an engine; none where the worker names the program itself.
#[must_use]
pub fn install(of: CliType) -> Option<Install> {
    engine(of).and_then(|(_, install)| install.copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_adapter_stands_on_the_line_of_its_engine() {
        for kind in CliType::ALL {
            if let Some(adapter) = adapter(kind) {
                assert_eq!(adapter.engine(), kind);
            }
        }
    }

    #[test]
    fn a_worker_may_name_every_engine_that_has_an_adapter_and_no_other() {
        let adapted: Vec<_> = CliType::ALL
            .into_iter()
            .filter(|kind| adapter(*kind).is_some())
            .collect();
        let supported: Vec<_> = CliType::ALL
            .into_iter()
            .filter(|kind| vwm_worker::is_supported(*kind))
            .collect();
        assert_eq!(adapted, supported);
    }

    #[test]
    fn a_folder_and_a_version_output_name_the_pinned_version() {
        for install in CliType::ALL.into_iter().filter_map(install) {
            assert!(install.folder.ends_with(install.version), "{install:?}");
            assert!(
                install.version_output.contains(install.version),
                "{install:?}"
            );
        }
    }
}
