//! The wall itself: Landlock rules of a policy, enforced whole or not at all, and the trial that says whether this machine can.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope,
};
use rustix::fs::{FileType, Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::policy::Policy;

/// Below this one, processes of other sessions can be killed.
const NEEDED: ABI = ABI::V6;
/// What is taken where the kernel has it.
const KNOWN: ABI = ABI::V9;

/// The best wall that this machine gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "snake_case")]
pub enum WallLevel {
    /// Landlock with files, signals and abstract sockets.
    Landlock {
        /// The kernel's version of it.
        abi: u32,
    },
    /// None.
    None {
        /// What is missing and what to do.
        why: String,
    },
}

impl WallLevel {
    /// The level's name on screen.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Landlock { .. } => "landlock",
            Self::None { .. } => "none",
        }
    }
}

/// Finds out which wall this machine gives, by building one around a thread of its own and running into it.
#[must_use]
pub fn probe() -> WallLevel {
    let level = std::thread::Builder::new()
        .spawn(try_it)
        .map_err(|error| error.to_string())
        .and_then(|trial| trial.join().map_err(|_| "the trial failed".to_owned()));
    level.unwrap_or_else(|why| missing(&why))
}

/// Puts the calling thread, and all that it becomes and starts, behind the policy's wall.
pub(super) fn enforce(policy: &Policy) -> Result<(), String> {
    let mut ruleset = ruleset().map_err(|error| error.to_string())?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::from_write(KNOWN)
        & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    let device = read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    let own: [(&[PathBuf], BitFlags<AccessFs>); 4] = [
        (&policy.read_write_execute, read | write | AccessFs::Execute),
        (&policy.read_write, read | write),
        (&policy.read_execute, read | AccessFs::Execute),
        (&policy.read, read),
    ];
    for (paths, access) in own {
        for path in paths {
            let opened = open_own(path, access.contains(AccessFs::WriteFile))?;
            ruleset = allow(ruleset, path, opened, access)?;
        }
    }
    let system: [(&[PathBuf], BitFlags<AccessFs>); 3] = [
        (&policy.system_read_execute, read | AccessFs::Execute),
        (&policy.system_read, read),
        (&policy.devices, device),
    ];
    for (paths, access) in system {
        for path in paths {
            // What is not there, or not for us, needs no rule.
            if let Ok(opened) =
                rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
            {
                ruleset = allow(ruleset, path, opened, access)?;
            }
        }
    }
    let status = ruleset.restrict_self().map_err(|error| error.to_string())?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Err("the kernel did not enforce the wall".to_owned());
    }
    Ok(())
}

/// Opens a path of the session, which must be there and must not be a link; what can be written must be a folder.
fn open_own(path: &Path, must_be_folder: bool) -> Result<OwnedFd, String> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| format!("the wall needs {}: {error}", path.display()))?;
    match kind(&opened)? {
        FileType::Symlink => Err(format!(
            "the wall needs {} itself, and it is a link; put the real folder there",
            path.display()
        )),
        FileType::Directory => Ok(opened),
        _ if must_be_folder => Err(format!("the wall needs {} to be a folder", path.display())),
        _ => Ok(opened),
    }
}

fn kind(opened: &OwnedFd) -> Result<FileType, String> {
    rustix::fs::fstat(opened)
        .map(|stat| FileType::from_raw_mode(stat.st_mode))
        .map_err(|error| error.to_string())
}

fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    opened: OwnedFd,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, String> {
    let access = match kind(&opened)? {
        FileType::Directory => access,
        _ => access & AccessFs::from_file(KNOWN),
    };
    ruleset
        .add_rule(PathBeneath::new(opened, access))
        .map_err(|error| format!("the wall cannot include {}: {error}", path.display()))
}

/// A ruleset that denies everything: what is needed is required, what else is known is taken where it is.
fn ruleset() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .scope(Scope::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .create()
}

fn try_it() -> WallLevel {
    match ruleset().and_then(RulesetCreated::restrict_self) {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => match abi(&status) {
            Some(abi) if File::open("/proc/self/stat").is_err() => WallLevel::Landlock { abi },
            _ => missing("Landlock is there and confines nothing"),
        },
        _ => missing(&why_not()),
    }
}

fn abi(status: &RestrictionStatus) -> Option<u32> {
    match status.landlock {
        LandlockStatus::Available {
            effective_abi,
            kernel_abi,
        } => {
            let abi = kernel_abi.unwrap_or(effective_abi as i32);
            u32::try_from(abi).ok()
        }
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
    }
}

/// Asks for less, to learn what there is.
fn why_not() -> String {
    let least = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .and_then(RulesetCreated::restrict_self);
    match least {
        Ok(status) => match (status.landlock, abi(&status)) {
            (LandlockStatus::NotEnabled, _) => {
                "Landlock is switched off in this kernel; add `landlock` to its `lsm=` option".to_owned()
            }
            (LandlockStatus::Available { .. }, Some(abi)) => {
                format!("this kernel has Landlock ABI {abi}, and 6 is needed: Linux 6.12 or newer")
            }
            _ => "this kernel has no Landlock, or something forbids it; Linux 6.12 or newer has what is needed".to_owned(),
        },
        Err(error) => format!("Landlock does not work here: {error}"),
    }
}

fn missing(why: &str) -> WallLevel {
    WallLevel::None {
        why: format!("{why}; or run engines without a wall by `--unconfined`"),
    }
}
