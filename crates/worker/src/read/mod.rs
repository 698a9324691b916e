//! From JSON to a worker: every field is read and checked, and every fault written down.

mod fields;
mod names;
mod near;
mod parts;
mod url;

use serde_json::Value;
use vwm_api::{CliType, Fault, RuntimeId, WorkerDefinition};

pub(crate) use fields::{at, join, not_an_object};
pub use names::branch_fault;
pub use near::nearest;
pub use url::repository_url_fault;

use crate::draft::{Door, RuntimeRef};
use crate::{DEFAULT_BRANCH, DEFAULT_TIMEOUT, is_supported};
use fields::Fields;

/// The longest role, in bytes.
const AGENT_MD_MAX: usize = 256 * 1024;
/// The longest time that a session may have a job: a week.
const TIMEOUT_MAX: u32 = 604_800;
/// What an answer says of a worker and nobody can set.
pub(crate) const ANSWERED: [&str; 6] = [
    "id",
    "revision",
    "hash",
    "warnings",
    "createdAt",
    "updatedAt",
];

/// Reads a worker whose runtime counts for nothing yet.
pub(crate) fn worker(
    value: &Value,
    door: Door,
) -> Result<(RuntimeRef, WorkerDefinition), Vec<Fault>> {
    let mut faults = Vec::new();
    let read = fields_of(value, door, &mut faults);
    match read {
        Some(worker) if faults.is_empty() => Ok(worker),
        Some(_) | None => Err(faults),
    }
}

fn fields_of(
    value: &Value,
    door: Door,
    faults: &mut Vec<Fault>,
) -> Option<(RuntimeRef, WorkerDefinition)> {
    let mut fields = Fields::open(value, "", faults)?;
    let name = parts::required_name(&mut fields, "name", "name the worker");
    let description = fields.text("description").map(str::to_owned);
    let runtime = runtime(&mut fields, door);
    let cli_type = cli_type(&mut fields);
    let engine = parts::engine(&mut fields, cli_type);
    let env = parts::env(&mut fields);
    let agent_md = agent_md(&mut fields);
    let model_config = parts::model_config(&mut fields);
    let mcp_servers = parts::mcp_servers(&mut fields);
    let skills = fields.list("skills").to_vec();
    let worker_repo_url = repository_url(&mut fields);
    let worker_repo_branch = branch(&mut fields);
    let git_credential = parts::optional_name(&mut fields, "gitCredential");
    let auto_learn = fields.boolean("autoLearn").unwrap_or(false);
    let timeout = fields.whole("timeout", 0..=TIMEOUT_MAX);
    let approvals = parts::approvals(&mut fields);
    let locked = fields.boolean("locked").unwrap_or(false);
    for answered in ANSWERED {
        if fields.take(answered).is_some() {
            let message = format!("`{answered}` is told and cannot be set; leave it out");
            fields.fault(answered, "unknown_field", message);
        }
    }
    fields.close();
    let runtime = runtime?;
    let runtime_id = runtime.look_up().unwrap_or(RuntimeId(Default::default()));
    let definition = WorkerDefinition {
        name: name?,
        description,
        runtime_id,
        cli_type: cli_type?,
        engine,
        env,
        agent_md,
        model_config,
        mcp_servers,
        skills,
        worker_repo_url,
        worker_repo_branch,
        git_credential,
        auto_learn,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        approvals,
        locked,
    };
    Some((runtime, definition))
}

fn runtime(fields: &mut Fields, door: Door) -> Option<RuntimeRef> {
    let named = match door {
        Door::Api => None,
        Door::File => fields.take("runtime"),
    };
    match (fields.take("runtimeId"), named) {
        (None, None) if door == Door::File => Some(RuntimeRef::Default),
        (None, None) => {
            fields.missing(
                "runtimeId",
                "`GET /admin/runtimes` lists the runtimes and their ids",
            );
            None
        }
        (None, Some(_)) => {
            let name = fields.sized("runtime", 1..=400)?;
            Some(RuntimeRef::Name(name.to_owned()))
        }
        (Some(_), Some(_)) => {
            fields.fault(
                "runtime",
                "invalid_string",
                "give `runtime` or `runtimeId`, not both",
            );
            None
        }
        (Some(_), None) => match fields.text("runtimeId")?.parse() {
            Ok(id) => Some(RuntimeRef::Id(id)),
            Err(error) => {
                fields.fault("runtimeId", "invalid_string", error.to_string());
                None
            }
        },
    }
}

fn cli_type(fields: &mut Fields) -> Option<CliType> {
    let supported = CliType::ALL
        .into_iter()
        .filter(|engine| is_supported(*engine));
    let supported: Vec<_> = supported.map(CliType::as_str).collect();
    if fields.take("cliType").is_none() {
        let names = supported.join("`, `");
        fields.missing("cliType", &format!("name the engine: `{names}`"));
        return None;
    }
    let text = fields.text("cliType")?;
    let engine = CliType::ALL
        .into_iter()
        .find(|engine| engine.as_str() == text);
    if let Some(engine) = engine.filter(|engine| is_supported(*engine)) {
        return Some(engine);
    }
    let choice = near::choice(text, &supported);
    if engine.is_some() || text == "native" {
        let message = format!("this build has no adapter for `{text}` yet; choose {choice}");
        fields.fault("cliType", "not_supported_yet", message);
    } else {
        let message = format!("`cliType` is {text:?}, and must be {choice}");
        fields.fault("cliType", "invalid_enum_value", message);
    }
    None
}

fn agent_md(fields: &mut Fields) -> Option<String> {
    let text = fields.sized("agentMd", 0..=AGENT_MD_MAX);
    let alias = fields.sized("instructions", 0..=AGENT_MD_MAX);
    if let (Some(text), Some(alias)) = (text, alias)
        && text != alias
    {
        let message = "`instructions` and `agentMd` are the same thing and differ; keep one";
        fields.fault("instructions", "invalid_string", message);
    }
    text.or(alias).map(str::to_owned)
}

fn repository_url(fields: &mut Fields) -> Option<String> {
    let url = fields.text("workerRepoUrl")?;
    // Whether this server allows local ones, it says itself.
    let fault = repository_url_fault(url, true, "workerRepoUrl");
    let is_well = fault.is_none();
    fields.faults().extend(fault);
    is_well.then(|| url.to_owned())
}

fn branch(fields: &mut Fields) -> String {
    let branch = fields.text("workerRepoBranch").unwrap_or(DEFAULT_BRANCH);
    fields
        .faults()
        .extend(branch_fault(branch, "workerRepoBranch"));
    branch.to_owned()
}
