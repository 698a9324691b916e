//! The engine's program: found, proven to be the version that its adapter understands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use vwm_api::CliType;
use vwm_api::harness::{PROGRAMS, Setup, StepState};

use super::Session;
use crate::adapter::Adapter;
use crate::adapters;
use crate::process::{Launch, Limits};

/// The engine's program, and what of the machine it may read and run.
#[derive(Default)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) folders: Vec<PathBuf>,
}

impl Session {
    pub(super) async fn resolve(
        &self,
        setup: &Setup,
        adapter: &'static dyn Adapter,
    ) -> Result<Program, String> {
        let found = match adapters::install(adapter.engine()) {
            Some(install) => self.installed(setup, adapter.engine(), &install).await,
            None => given(setup),
        };
        let (state, detail) = match &found {
            Ok(program) => (StepState::Done, program.path.display().to_string()),
            Err(reason) => (StepState::Failed, reason.clone()),
        };
        self.state.step("engine", state, detail);
        found
    }

    async fn installed(
        &self,
        setup: &Setup,
        engine: CliType,
        install: &adapters::Install,
    ) -> Result<Program, String> {
        let name = engine.as_str();
        let folder = Path::new(&setup.engines_dir).join(install.folder);
        let path = folder.join(install.program);
        let how = format!("run `vwm engine install {name}");
        if !path.exists() {
            return Err(format!(
                "{name} {} is not installed in {}: {how}`",
                install.version, setup.engines_dir
            ));
        }
        let program = Program {
            path: path.clone(),
            folders: vec![folder],
        };
        let provider = setup.worker.provider();
        if setup.worker.needs_provider() && !setup.providers.contains_key(provider) {
            let variable = format!("VWM_{}_API_KEY", provider.to_uppercase());
            return Err(format!(
                "the server has no key for the models of {provider}: set {variable} and start it again"
            ));
        }
        // Asked in the wall: the folder may hold anything by now.
        let home = self.paths.home().join(name);
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let launch = Launch {
            program: path,
            args: install
                .version_args
                .iter()
                .map(|arg| (*arg).to_owned())
                .collect(),
            env: [
                ("PATH".into(), PROGRAMS.into()),
                ("HOME".into(), text(&home)),
                ("TMPDIR".into(), text(&self.paths.tmp())),
            ]
            .into(),
            cwd: self.paths.workspace(),
        };
        let limits = Limits {
            deadline: Duration::from_secs(30),
            max_output: 4096,
        };
        let said = self
            .host(setup, &program)?
            .run(&launch, None, limits)
            .await
            .map_err(|e| vwm_api::chain(&e))?;
        let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        if version != install.version_output {
            return Err(format!(
                "{name} in {} answers {version:?} and not version {}: {how} --force`",
                setup.engines_dir, install.version
            ));
        }
        Ok(program)
    }
}

/// The program that the worker names, and the folders that the server allows.
fn given(setup: &Setup) -> Result<Program, String> {
    let Some(engine) = &setup.worker.engine else {
        return Err("the worker names no program: set engine.command".into());
    };
    let command = Path::new(&engine.command);
    let candidates: Vec<PathBuf> = if command.is_absolute() {
        vec![command.to_owned()]
    } else if command.components().count() == 1 {
        PROGRAMS
            .split(':')
            .map(|folder| Path::new(folder).join(command))
            .collect()
    } else {
        return Err(format!(
            "engine.command {:?} must be a name on the path or an absolute path",
            engine.command
        ));
    };
    // Without links: what was found is what will be run.
    let found = candidates
        .into_iter()
        .filter_map(|path| path.canonicalize().ok())
        .find(|path| path.is_file());
    let path = found.ok_or_else(|| format!("the engine's program {:?} is not on this machine; install it, or name another in engine.command", engine.command))?;
    Ok(Program {
        path,
        folders: setup.engine_folders.iter().map(PathBuf::from).collect(),
    })
}
