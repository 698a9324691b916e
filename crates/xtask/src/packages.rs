//! What the tests need of the machine: git, curl, jq, certificates, npm, Python and PostgreSQL, from Debian's packages where they are
//! missing.

use std::path::Path;

use anyhow::{Result, bail};

use crate::postgres;
use crate::step::{answers, command, execute, output};

/// Installs what is missing, as root; tells an ordinary user what to install.
pub(crate) fn install_missing() -> Result<()> {
    let missing = missing()?;
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" ");
    if !is_root()? || !answers("apt-get --version")? {
        bail!(
            "these are missing: {missing}; install them (Debian and Ubuntu: `sudo apt-get install {missing}`)"
        );
    }
    let advice = format!("install by hand: {missing}");
    let apt = |line: &str| {
        execute(
            command(line).env("DEBIAN_FRONTEND", "noninteractive"),
            &advice,
        )
    };
    apt("apt-get update --quiet")?;
    apt(&format!(
        "apt-get install --yes --quiet --no-install-recommends {missing}"
    ))
}

/// Whether this process is root's.
pub(crate) fn is_root() -> Result<bool> {
    let id = output(&mut command("id -u"), "`id` belongs to every Linux")?;
    Ok(id.trim() == "0")
}

fn missing() -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    if !answers("git --version")? {
        missing.push("git");
    }
    // The documents' lines use these two.
    if !answers("curl --version")? {
        missing.push("curl");
    }
    if !answers("jq --version")? {
        missing.push("jq");
    }
    // Debian's file and Fedora's.
    let bundles = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
    ];
    if !bundles.iter().any(|bundle| Path::new(bundle).exists()) {
        missing.push("ca-certificates");
    }
    if !answers("node --version")? {
        missing.push("nodejs");
    }
    if !answers("npm --version")? {
        missing.push("npm");
    }
    if !answers("python3 --version")? {
        missing.push("python3");
    }
    if postgres::programs()?.is_none() {
        missing.push("postgresql");
    }
    // Who starts as somebody else, and ends with whoever started it.
    if !answers("setpriv --version")? {
        missing.push("util-linux");
    }
    // What makes an environment is a package of its own in Debian.
    if !answers("python3 -m ensurepip --version")? {
        missing.push("python3-venv");
    }
    Ok(missing)
}
