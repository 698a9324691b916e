//! A checked worker whose runtime is still to be looked up.

use serde_json::Value;
use vwm_api::{Fault, RuntimeId, WorkerDefinition};

use crate::DEFAULT_RUNTIME;
use crate::read;

/// Where a worker comes from, which decides how it may name its runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The API: `runtimeId` is required.
    Api,
    /// A file: `runtimeId`, or `runtime` by name, or neither.
    File,
}

/// How a worker names its runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeRef {
    /// By id.
    Id(RuntimeId),
    /// By name.
    Name(String),
    /// Not at all: it gets the runtime `local`.
    Default,
}

impl RuntimeRef {
    /// Returns the id, or the name to look up.
    pub fn look_up(&self) -> Result<RuntimeId, &str> {
        match self {
            Self::Id(id) => Ok(*id),
            Self::Name(name) => Err(name),
            Self::Default => Err(DEFAULT_RUNTIME),
        }
    }

    /// The fault of a reference to a runtime that does not exist.
    #[must_use]
    pub fn unknown(&self) -> Fault {
        let (path, named) = match self {
            Self::Id(id) => ("runtimeId", format!("the id {id}")),
            Self::Name(name) => ("runtime", format!("the name {name:?}")),
            Self::Default => ("runtime", format!("the name {DEFAULT_RUNTIME:?}")),
        };
        Fault::new(
            path,
            "unknown_reference",
            format!("there is no runtime with {named}; `GET /admin/runtimes` lists them"),
        )
    }
}

/// A worker without a fault; only that its runtime exists is still to be found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// How it names its runtime.
    pub runtime: RuntimeRef,
    /// Complete but for the runtime, whose id counts for nothing before `resolve`.
    definition: WorkerDefinition,
}

impl Draft {
    /// Checks a worker and reports every fault at once.
    pub fn check(value: &Value, door: Door) -> Result<Self, Vec<Fault>> {
        let (runtime, definition) = read::worker(value, door)?;
        Ok(Self {
            runtime,
            definition,
        })
    }

    /// The worker's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Completes the worker with the runtime that was found.
    #[must_use]
    pub fn resolve(self, runtime_id: RuntimeId) -> WorkerDefinition {
        WorkerDefinition {
            runtime_id,
            ..self.definition
        }
    }
}

/// Checks the body of `POST /admin/workers`.
pub fn from_api(value: &Value) -> Result<Draft, Vec<Fault>> {
    Draft::check(value, Door::Api)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vwm_api::{CliType, RuntimeId};

    use super::*;

    fn lines(result: Result<Draft, Vec<Fault>>) -> String {
        let faults = result.expect_err("the worker has faults");
        let line = |fault: &Fault| format!("{} [{}] {}", fault.path, fault.code, fault.message);
        faults.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_worker_with_only_what_is_required_gets_every_default() {
        let runtime = RuntimeId(Default::default());
        let draft = from_api(&json!({
            "name": "bob", "runtimeId": runtime, "cliType": "claude-code", "description": null,
        }))
        .expect("the worker has no fault");
        assert_eq!(draft.runtime, RuntimeRef::Id(runtime));
        let worker = draft.resolve(runtime);
        insta::assert_snapshot!(crate::canonical_json(&worker), @r#"{"approvals":{"mode":"auto"},"autoLearn":false,"cliType":"claude-code","env":{},"locked":false,"mcpServers":[],"name":"bob","runtimeId":"00000000-0000-0000-0000-000000000000","timeout":3600,"workerRepoBranch":"main"}"#);
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_place() {
        let faults = lines(from_api(&json!({
            "name": "bob the builder",
            "cliType": "claude",
            "agentMD": "misspelt",
            "zebra": 1,
            "createdAt": "2026-01-01T00:00:00Z",
            "env": {"A B": "x", "PORT": 8080},
            "modelConfig": {"provider": "mistral", "temperature": 3, "maxTokens": 1.5, "modle": "x"},
            "mcpServers": [
                {"name": "web", "url": "ftp://example.com"},
                {"name": "web"},
                {"name": "x", "url": "https://example.com", "adapter": "y"},
            ],
            "workerRepoUrl": "https://bob:hunter2@example.com/kb.git",
            "workerRepoBranch": "a..b",
            "timeout": 604_801,
            "autoLearn": "yes",
            "approvals": {"mode": "never", "allow": "Bash"},
        })));
        insta::assert_snapshot!(faults, @r#"
        name [invalid_string] a name has only letters, digits, `.`, `_` and `-`; take out ' '
        runtimeId [required] `runtimeId` is missing; `GET /admin/runtimes` lists the runtimes and their ids
        cliType [invalid_enum_value] `cliType` is "claude", and must be `claude-code` or `acp`; did you mean `claude-code`?
        env.PORT [invalid_type] `env.PORT` must be a string, and is a number; write it in quotes
        env.A B [invalid_string] a variable's name has only letters, digits and `_`, and does not start with a digit
        modelConfig.provider [invalid_enum_value] `provider` is "mistral", and must be `anthropic`, `openai` or `gemini`
        modelConfig.temperature [out_of_range] `temperature` must be from 0 to 2, and is 3
        modelConfig.maxTokens [invalid_type] `maxTokens` must be a whole number, and is 1.5
        modelConfig.modle [unknown_field] there is no field `modle`; did you mean `model`?
        mcpServers[0].url [invalid_string] the address must start with `https://` or `http://`
        mcpServers[1].url [required] `url` is missing; give `url`, or `adapter` for one of the gateway
        mcpServers[1].name [invalid_string] there is another server with the name "web"; rename one
        mcpServers[2].adapter [invalid_string] give `url` or `adapter`, not both
        workerRepoUrl [invalid_string] a user, token or password does not belong in an address; use an ssh address and a key of the server's user
        workerRepoBranch [invalid_string] git allows no branch "a..b": a name has no `..` and no `@{`, and does not end with `.`
        autoLearn [invalid_type] `autoLearn` must be true or false, and is a string
        timeout [out_of_range] `timeout` must be from 0 to 604800, and is 604801
        approvals.mode [invalid_enum_value] `mode` is "never", and must be `auto`, `ask` or `strict`
        approvals.allow [invalid_type] `allow` must be a list, and is a string
        createdAt [unknown_field] `createdAt` is told and cannot be set; leave it out
        agentMD [unknown_field] there is no field `agentMD`; did you mean `agentMd`?
        zebra [unknown_field] there is no field `zebra`; leave it out
        "#);
        assert!(!faults.contains("hunter2"), "a fault tells a password");
    }

    #[test]
    fn an_engine_program_belongs_to_acp_and_to_nothing_else() {
        let worker = |cli_type: &str, engine: Value| {
            let id = RuntimeId::new();
            from_api(&json!({"name": "a", "runtimeId": id, "cliType": cli_type, "engine": engine}))
        };
        let agent = worker("acp", json!({"command": "agent", "args": ["--acp"]}));
        let engine = agent
            .expect("an acp agent")
            .resolve(RuntimeId::new())
            .engine;
        assert_eq!(engine.expect("it is kept").args, ["--acp"]);

        insta::assert_snapshot!(lines(worker("acp", Value::Null)), @"engine [required] `engine` is missing; write `engine: {command: …, args: […]}` for the program to start");
        insta::assert_snapshot!(lines(worker("acp", json!({"command": "bin/agent"}))), @"engine.command [invalid_string] `command` must be a name on the path, or an absolute path");
        insta::assert_snapshot!(lines(worker("claude-code", json!({"command": "agent"}))), @"engine [unknown_field] `engine` is only for cliType `acp`; leave it out for `claude-code`");
    }

    #[test]
    fn an_engine_without_an_adapter_is_not_supported_yet() {
        let code = |cli_type: &str| {
            let id = RuntimeId::new();
            let worker = json!({"name": "a", "runtimeId": id, "cliType": cli_type});
            let faults = from_api(&worker).expect_err("no adapter");
            assert_eq!(faults.len(), 1, "{faults:?}");
            faults[0].code.clone()
        };
        for engine in CliType::ALL {
            if !crate::is_supported(engine) {
                assert_eq!(code(engine.as_str()), "not_supported_yet");
            }
        }
        assert_eq!(code("native"), "not_supported_yet");
        assert_eq!(code("cursor"), "invalid_enum_value");
    }

    #[test]
    fn an_alias_stands_for_its_field_but_does_not_contradict_it() {
        let id = RuntimeId::new();
        let worker = from_api(&json!({
            "name": "a", "runtimeId": id, "cliType": "claude-code",
            "instructions": "Be kind.", "model": "m1", "modelConfig": {"maxTokens": 10},
        }))
        .expect("aliases are accepted")
        .resolve(id);
        assert_eq!(worker.agent_md.as_deref(), Some("Be kind."));
        let config = worker.model_config.expect("a model was given");
        assert_eq!(
            (config.model.as_deref(), config.max_tokens),
            (Some("m1"), Some(10))
        );

        insta::assert_snapshot!(lines(from_api(&json!({
            "name": "a", "runtimeId": id, "cliType": "claude-code",
            "instructions": "Be kind.", "agentMd": "Be terse.",
            "model": "m1", "modelConfig": {"model": "m2"},
        }))), @r"
        instructions [invalid_string] `instructions` and `agentMd` are the same thing and differ; keep one
        model [invalid_string] `model` and `modelConfig.model` are the same thing and differ; keep one
        ");
    }

    #[test]
    fn the_api_wants_a_runtime_by_id_and_a_file_may_name_it_or_not() {
        let bare = json!({"name": "a", "cliType": "claude-code"});
        let named = json!({"name": "a", "cliType": "claude-code", "runtime": "gpu"});
        insta::assert_snapshot!(lines(Draft::check(&bare, Door::Api)), @"runtimeId [required] `runtimeId` is missing; `GET /admin/runtimes` lists the runtimes and their ids");
        insta::assert_snapshot!(lines(Draft::check(&named, Door::Api)), @r"
        runtimeId [required] `runtimeId` is missing; `GET /admin/runtimes` lists the runtimes and their ids
        runtime [unknown_field] there is no field `runtime`; did you mean `runtimeId`?
        ");
        let runtime = |value| Draft::check(value, Door::File).expect("no fault").runtime;
        assert_eq!(runtime(&bare), RuntimeRef::Default);
        assert_eq!(runtime(&named), RuntimeRef::Name("gpu".into()));
        assert_eq!(RuntimeRef::Default.look_up(), Err("local"));
    }
}
