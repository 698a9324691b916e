//! What the benchmarks take from their environment; the only place that reads it.

/// What npm needs of a shell's environment, and no more: as `vwm engine install` gives it.
pub(crate) fn for_npm() -> Vec<(String, String)> {
    let all = variables();
    all.filter(|(name, _)| is_npms(name)).collect()
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is the benchmarks' config.rs"
)]
fn variables() -> impl Iterator<Item = (String, String)> {
    // Not `vars()`: it panics where any variable of the process is not UTF-8.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn is_npms(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(
        name,
        "PATH" | "HOME" | "NODE_EXTRA_CA_CERTS" | "SSL_CERT_FILE" | "SSL_CERT_DIR"
    ) || matches!(
        lower.as_str(),
        "http_proxy" | "https_proxy" | "all_proxy" | "no_proxy"
    ) || lower.starts_with("npm_config_")
}
