//! What a new session says beforehand: what of its worker has no effect, and that a key is missing.

use vwm_api::{CliType, Warning, WorkerDefinition};

use crate::config::Config;

/// Returns every warning of a session with this worker.
pub(crate) fn of_session(worker: &WorkerDefinition, config: &Config) -> Vec<Warning> {
    let mut warnings = vwm_worker::warnings(worker);
    if let Some(provider) = provider_of(worker)
        && !config.providers.contains_key(provider)
    {
        let variable = format!("VWM_{}_API_KEY", provider.to_uppercase());
        warnings.push(Warning {
            path: "modelConfig.provider".to_owned(),
            code: "missing_key".to_owned(),
            message: format!(
                "the server has no key for {provider}, and every turn will fail: set {variable} and start the server again"
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

/// The provider that the engine's model calls go to; none where the engine chooses by itself.
fn provider_of(worker: &WorkerDefinition) -> Option<&str> {
    let named = worker.model_config.as_ref();
    let named = named.and_then(|model| model.provider.as_deref());
    match worker.cli_type {
        CliType::ClaudeCode => Some("anthropic"),
        CliType::Codex => Some("openai"),
        CliType::Gemini => Some("gemini"),
        CliType::Opencode => named.or(Some("anthropic")),
        CliType::Acp | CliType::Command => None,
    }
}
