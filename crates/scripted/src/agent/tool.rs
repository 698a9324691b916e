//! What the agent does with files and itself, for real; a text comes out, or why not.

use std::fs;
use std::path::Path;

pub(super) fn write(cwd: &Path, path: &str, content: &str) -> Result<String, String> {
    let full = cwd.join(path);
    let folder = full.parent().unwrap_or(cwd);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&full, content))
        .map(|()| format!("wrote {path}"))
        .map_err(|fault| format!("cannot write {path}: {fault}"))
}

pub(super) fn read(cwd: &Path, path: &str) -> Result<String, String> {
    let bytes = fs::read(cwd.join(path)).map_err(|fault| format!("cannot read {path}: {fault}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the agent's own environment, then its command line, one entry a line.
pub(super) fn environment() -> Result<String, String> {
    let root = Path::new("/proc/self");
    let text = read(root, "environ")? + "\0" + &read(root, "cmdline")?;
    Ok(text.replace('\0', "\n"))
}
