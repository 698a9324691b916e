//! Clients in other languages, driven against a real server: the TypeScript one, and a Python one that is generated.

use std::path::Path;

use anyhow::{Result, bail};

use crate::python::Python;
use crate::server::Server;
use crate::step::{command, execute, output, root};

/// The oldest Node that the TypeScript client runs in, as its `package.json` says.
const NODE_MIN: (u32, u32) = (20, 3);

/// Builds the TypeScript client as its lock file says, and runs its tests.
pub(crate) fn typescript(program: &Path) -> Result<()> {
    let node = output(&mut command("node --version"), "install nodejs")?;
    if version(&node).is_none_or(|version| version < NODE_MIN) {
        let (major, minor) = NODE_MIN;
        bail!(
            "the TypeScript client needs Node {major}.{minor} or newer, and this is {}; install one from nodejs.org, or a newer Debian's",
            node.trim()
        );
    }
    let folder = root().join("clients/typescript");
    execute(
        command("npm ci --no-audit --no-fund --loglevel=error").current_dir(&folder),
        "look after npm and the network",
    )?;
    execute(
        command("npm test --silent")
            .current_dir(&folder)
            .env("VWM_TEST_BINARY", program),
        "mend the test that failed above; types out of date: `npm run generate` in clients/typescript",
    )
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
