//! The parts of a worker that are objects of their own: engine, environment, model, servers of tools, approvals.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use vwm_api::{Approvals, ApprovalsMode, CliType, EngineProgram, Fault, McpServer, ModelConfig};

use super::fields::{Fields, at};
use super::{names, url};

/// The program of `acp` and `command`; no other engine has one.
pub(super) fn engine(worker: &mut Fields, cli_type: Option<CliType>) -> Option<EngineProgram> {
    let value = worker.take("engine");
    let wants_one = matches!(cli_type, Some(CliType::Acp | CliType::Command));
    match (value, cli_type) {
        (None, _) if wants_one => {
            worker.missing(
                "engine",
                "write `engine: {command: …, args: […]}` for the program to start",
            );
            return None;
        }
        (Some(_), Some(engine)) if !wants_one => {
            let message = format!(
                "`engine` is only for cliType `acp`; leave it out for `{}`",
                engine.as_str()
            );
            worker.fault("engine", "unknown_field", message);
            return None;
        }
        _ => {}
    }
    let path = worker.path("engine");
    let mut fields = Fields::open(value?, &path, worker.faults())?;
    let command = fields.sized("command", 1..=4096);
    if command.is_none() && fields.take("command").is_none() {
        fields.missing("command", "name the program to start");
    }
    if command.is_some_and(|command| command.contains('/') && !command.starts_with('/')) {
        let message = "`command` must be a name on the path, or an absolute path";
        fields.fault("command", "invalid_string", message);
    }
    let args = fields.texts("args");
    fields.close();
    Some(EngineProgram {
        command: command?.to_owned(),
        args,
    })
}

/// Variables for the engine.
pub(super) fn env(worker: &mut Fields) -> BTreeMap<String, String> {
    let env = worker.map("env");
    for name in env.keys().filter(|name| !names::is_variable(name)) {
        let message =
            "a variable's name has only letters, digits and `_`, and does not start with a digit";
        worker.fault(&format!("env.{name}"), "invalid_string", message);
    }
    env
}

/// The model, also by its alias; nothing that is set is the same as no configuration.
pub(super) fn model_config(worker: &mut Fields) -> Option<ModelConfig> {
    let alias = worker.sized("model", 1..=200).map(str::to_owned);
    let mut config = ModelConfig::default();
    if let Some(value) = worker.take("modelConfig") {
        let path = worker.path("modelConfig");
        if let Some(mut fields) = Fields::open(value, &path, worker.faults()) {
            let providers = [
                ("anthropic", "anthropic"),
                ("openai", "openai"),
                ("gemini", "gemini"),
            ];
            config.provider = fields.one_of("provider", &providers).map(str::to_owned);
            config.model = fields.sized("model", 1..=200).map(str::to_owned);
            config.temperature = fields.number("temperature", 0.0..=2.0);
            config.max_tokens = fields.whole("maxTokens", 1..=u32::MAX);
            fields.close();
        }
    }
    if let (Some(alias), Some(model)) = (&alias, &config.model)
        && alias != model
    {
        let message = "`model` and `modelConfig.model` are the same thing and differ; keep one";
        worker.fault("model", "invalid_string", message);
    }
    config.model = config.model.or(alias);
    (config != ModelConfig::default()).then_some(config)
}

/// The servers of tools; their names are unique.
pub(super) fn mcp_servers(worker: &mut Fields) -> Vec<McpServer> {
    let mut servers: Vec<McpServer> = Vec::new();
    let mut seen = HashSet::new();
    for (index, value) in worker.list("mcpServers").iter().enumerate() {
        let path = at("mcpServers", index);
        let Some(server) = mcp_server(value, &path, worker.faults()) else {
            continue;
        };
        if !seen.insert(server.name.clone()) {
            let message = format!(
                "there is another server with the name {:?}; rename one",
                server.name
            );
            worker.fault(&format!("{path}.name"), "invalid_string", message);
        }
        servers.push(server);
    }
    servers
}

fn mcp_server(value: &Value, path: &str, faults: &mut Vec<Fault>) -> Option<McpServer> {
    let mut fields = Fields::open(value, path, faults)?;
    let name = required_name(&mut fields, "name", "say what the agent calls this server");
    let (has_url, has_adapter) = (
        fields.take("url").is_some(),
        fields.take("adapter").is_some(),
    );
    let url = fields.text("url").map(str::to_owned);
    if let Some(message) = url.as_deref().and_then(url::server_fault) {
        fields.fault("url", "invalid_string", message);
    }
    let adapter = optional_name(&mut fields, "adapter");
    match (has_url, has_adapter) {
        (true, true) => fields.fault(
            "adapter",
            "invalid_string",
            "give `url` or `adapter`, not both",
        ),
        (false, false) => fields.missing("url", "give `url`, or `adapter` for one of the gateway"),
        (true, false) | (false, true) => {}
    }
    let headers = fields.map("headers");
    for (name, value) in &headers {
        let is_well = names::is_header(name) && !value.contains(['\r', '\n']);
        if !is_well {
            let message = "this is no header: its name is one word, its value one line";
            fields.fault(&format!("headers.{name}"), "invalid_string", message);
        }
    }
    fields.close();
    Some(McpServer {
        name: name?,
        url,
        adapter,
        headers,
    })
}

/// What the agent may do.
pub(super) fn approvals(worker: &mut Fields) -> Approvals {
    let path = worker.path("approvals");
    let Some(value) = worker.take("approvals") else {
        return Approvals::default();
    };
    let Some(mut fields) = Fields::open(value, &path, worker.faults()) else {
        return Approvals::default();
    };
    let modes = [
        ("auto", ApprovalsMode::Auto),
        ("ask", ApprovalsMode::Ask),
        ("strict", ApprovalsMode::Strict),
    ];
    let mode = fields.one_of("mode", &modes).unwrap_or_default();
    let [allow, deny] = ["allow", "deny"].map(|list| {
        let rules = fields.texts(list);
        for (index, _) in rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.trim().is_empty())
        {
            fields.fault(
                &at(list, index),
                "too_short",
                "a rule names a tool; this one is empty",
            );
        }
        rules
    });
    fields.close();
    Approvals { mode, allow, deny }
}

/// A name that must be there.
pub(super) fn required_name(
    fields: &mut Fields,
    field: &'static str,
    what: &str,
) -> Option<String> {
    if fields.take(field).is_none() {
        fields.missing(field, what);
        return None;
    }
    optional_name(fields, field)
}

/// A name that may be there.
pub(super) fn optional_name(fields: &mut Fields, field: &'static str) -> Option<String> {
    let text = fields.text(field)?;
    if let Some((code, message)) = names::name(text) {
        fields.fault(field, code, message);
        return None;
    }
    Some(text.to_owned())
}
