//! What a new session says beforehand: what of its worker has no effect, and that a key is missing.

use vwm_api::{Warning, WorkerDefinition};

use crate::config::Config;

/// Returns every warning of a session with this worker.
pub(crate) fn of_session(worker: &WorkerDefinition, config: &Config) -> Vec<Warning> {
    let mut warnings = vwm_worker::warnings(worker);
    let provider = worker.provider();
    if worker.needs_provider() && !config.providers.contains_key(provider) {
        let variable = format!("VWM_{}_API_KEY", provider.to_uppercase());
        warnings.push(Warning {
            path: "modelConfig.provider".to_owned(),
            code: "missing_key".to_owned(),
            message: format!(
                "the server has no key for {provider}, and its sessions will not start: set {variable} and start the server again"
            ),
        });
    }
    warnings
}

/// The warning of a field that is accepted and has no effect yet.
pub(crate) fn not_yet(path: &str, message: &str) -> Warning {
    Warning {
        path: path.to_owned(),
        code: "not_supported_yet".to_owned(),
        message: message.to_owned(),
    }
}
