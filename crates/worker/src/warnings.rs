//! What a worker may say and what has no effect, or less than one might think.

use vwm_api::{Approvals, ApprovalsMode, CliType, Warning, WorkerDefinition};

/// Names every setting of a worker that is accepted and has no effect.
#[must_use]
pub fn warnings(worker: &WorkerDefinition) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |applies: bool, path: &str, code: &str, message: &str| {
        if applies {
            warnings.push(Warning {
                path: path.to_owned(),
                code: code.to_owned(),
                message: message.to_owned(),
            });
        }
    };
    let later = "not_supported_yet";
    let is_acp = worker.cli_type == CliType::Acp;
    warn(
        worker.env.values().any(|value| value.contains("${secret:")),
        "env",
        later,
        "secrets cannot be stored yet: `${secret:…}` is given to the engine as it is written",
    );
    warn(
        !worker.mcp_servers.is_empty(),
        "mcpServers",
        later,
        "the agent is not given these tools yet",
    );
    warn(
        !worker.skills.is_empty(),
        "skills",
        later,
        "the agent is not given these skills yet",
    );
    let approvals = match (worker.cli_type, worker.approvals.mode) {
        (CliType::Acp, ApprovalsMode::Ask | ApprovalsMode::Strict) => {
            "nobody is asked and no rule is applied yet: what the agent asks permission for is refused"
        }
        _ => {
            "nobody is asked and no rule is applied yet: every tool call is allowed, and the wall is the limit"
        }
    };
    let has_approvals = worker.approvals != Approvals::default();
    warn(has_approvals, "approvals", later, approvals);
    warn(
        worker.git_credential.is_some(),
        "gitCredential",
        later,
        "secrets cannot be stored yet: the repository must be reachable without",
    );
    warn(
        worker.auto_learn && worker.worker_repo_url.is_none(),
        "autoLearn",
        "ignored_setting",
        "without a knowledge base nothing will be learned; set `workerRepoUrl`, or turn `autoLearn` off",
    );
    let Some(model) = &worker.model_config else {
        return warnings;
    };
    let other_door = model
        .provider
        .as_deref()
        .is_some_and(|provider| provider != "anthropic");
    warn(
        other_door && !is_acp,
        "modelConfig.provider",
        later,
        "models are reached through `anthropic` only; this provider is not used",
    );
    warn(
        model.temperature.is_some() && !is_acp,
        "modelConfig.temperature",
        "ignored_setting",
        "Claude Code has no setting for it; the model's own temperature holds",
    );
    warn(
        is_acp,
        "modelConfig",
        "ignored_setting",
        "an ACP agent chooses its model by itself; set it in the agent's own configuration",
    );
    warnings
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vwm_api::RuntimeId;

    use super::*;
    use crate::from_api;

    fn told(mut worker: Value) -> Vec<String> {
        let id = RuntimeId::new();
        worker["name"] = json!("bob");
        worker["runtimeId"] = json!(id);
        let worker = from_api(&worker)
            .expect("the worker has no fault")
            .resolve(id);
        let line = |warning: &Warning| format!("{} {}", warning.path, warning.code);
        warnings(&worker).iter().map(line).collect()
    }

    #[test]
    fn what_has_no_effect_is_named_and_nothing_else() {
        let plain = json!({"cliType": "claude-code", "agentMd": "x", "timeout": 5, "model": "m", "env": {"A": "b"},
            "approvals": {"mode": "auto"}, "workerRepoUrl": "https://example.com/kb"});
        assert_eq!(told(plain), Vec::<String>::new());
        let full = json!({
            "cliType": "claude-code", "env": {"A": "${secret:B}"}, "approvals": {"mode": "ask"}, "autoLearn": true,
            "mcpServers": [{"name": "web", "url": "https://example.com"}], "gitCredential": "token",
            "modelConfig": {"provider": "openai", "temperature": 1}, "skills": ["review"],
        });
        assert_eq!(
            told(full),
            [
                "env not_supported_yet",
                "mcpServers not_supported_yet",
                "skills not_supported_yet",
                "approvals not_supported_yet",
                "gitCredential not_supported_yet",
                "autoLearn ignored_setting",
                "modelConfig.provider not_supported_yet",
                "modelConfig.temperature ignored_setting",
            ]
        );
        let acp = json!({"cliType": "acp", "engine": {"command": "agent"}, "model": "m"});
        assert_eq!(told(acp), ["modelConfig ignored_setting"]);
    }
}
