//! The partial update of a worker.

use serde_json::{Map, Value};
use vwm_api::{Fault, WorkerDefinition};

use crate::draft::{Door, Draft};
use crate::read;

/// Lays a patch over a stored worker and checks the whole again.
///
/// A field that is absent keeps its value; one that is null goes back to its default; one that is given is replaced as a whole,
/// but for the alias `model`, which leaves the rest of `modelConfig` as it is. What only an answer says is passed over, so that
/// an answer, changed or not, is a patch.
pub fn merge(stored: &WorkerDefinition, patch: &Value) -> Result<Draft, Vec<Fault>> {
    let Value::Object(patch) = patch else {
        return Err(vec![read::not_an_object("", patch)]);
    };
    let Ok(Value::Object(mut merged)) = serde_json::to_value(stored) else {
        unreachable!("a worker is a struct whose keys are strings")
    };
    yield_to_aliases(&mut merged, patch);
    let told_only = |key: &String| read::ANSWERED.contains(&key.as_str());
    for (key, value) in patch.iter().filter(|(key, _)| !told_only(key)) {
        merged.insert(key.clone(), value.clone());
    }
    Draft::check(&Value::Object(merged), Door::Api)
}

/// Takes away what an alias in the patch replaces, so that only two spellings in one patch can contradict each other.
fn yield_to_aliases(merged: &mut Map<String, Value>, patch: &Map<String, Value>) {
    if patch.contains_key("instructions") {
        merged.remove("agentMd");
    }
    if patch.contains_key("model")
        && let Some(Value::Object(config)) = merged.get_mut("modelConfig")
    {
        config.remove("model");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vwm_api::RuntimeId;

    use super::*;

    fn bob() -> WorkerDefinition {
        let id = RuntimeId::new();
        let bob = json!({
            "name": "bob", "runtimeId": id, "cliType": "claude-code", "description": "builds",
            "agentMd": "Be kind.", "modelConfig": {"model": "m1", "maxTokens": 100}, "timeout": 60,
        });
        Draft::check(&bob, Door::Api)
            .expect("bob has no fault")
            .resolve(id)
    }

    fn merged(patch: Value) -> WorkerDefinition {
        let bob = bob();
        let id = bob.runtime_id;
        merge(&bob, &patch)
            .expect("the patch has no fault")
            .resolve(id)
    }

    #[test]
    fn absent_fields_keep_null_ones_are_cleared_and_given_ones_replace() {
        let bob = bob();
        let draft = merge(
            &bob,
            &json!({"description": null, "timeout": null, "agentMd": "Be terse."}),
        );
        let after = draft
            .expect("the patch has no fault")
            .resolve(bob.runtime_id);
        let expected = WorkerDefinition {
            description: None,
            timeout: crate::DEFAULT_TIMEOUT,
            agent_md: Some("Be terse.".into()),
            ..bob.clone()
        };
        assert_eq!(after, expected);
        let nothing = merge(&bob, &json!({}))
            .expect("an empty patch")
            .resolve(bob.runtime_id);
        assert_eq!(nothing, bob);
    }

    #[test]
    fn what_only_an_answer_says_changes_nothing() {
        let answer = json!({
            "id": "x", "revision": 7, "hash": null, "warnings": [{}], "createdAt": 1, "updatedAt": false,
        });
        assert_eq!(merged(answer.clone()).timeout, 60);
        let faults = Draft::check(&answer, Door::Api).expect_err("a new worker says none of it");
        let refused: Vec<_> = faults
            .iter()
            .filter(|fault| fault.message.contains("is told and cannot be set"))
            .map(|fault| fault.path.as_str())
            .collect();
        assert_eq!(
            refused,
            ["id", "revision", "warnings", "createdAt", "updatedAt"]
        );
    }

    #[test]
    fn an_alias_in_a_patch_replaces_what_it_stands_for() {
        assert_eq!(
            merged(json!({"instructions": "New."})).agent_md.as_deref(),
            Some("New.")
        );
        assert_eq!(merged(json!({"instructions": null})).agent_md, None);
        let config = merged(json!({"model": "m2"}))
            .model_config
            .expect("maxTokens is kept");
        assert_eq!(
            (config.model.as_deref(), config.max_tokens),
            (Some("m2"), Some(100))
        );
        let replaced = merged(json!({"modelConfig": {"model": "m3"}})).model_config;
        assert_eq!(replaced.expect("a model was given").max_tokens, None);
    }

    #[test]
    fn the_whole_is_checked_again() {
        let faults = merge(
            &bob(),
            &json!({"name": null, "cliType": "acp", "nmae": "x"}),
        );
        let faults = faults.expect_err("three faults");
        let told: Vec<_> = faults
            .iter()
            .map(|f| (f.path.as_str(), f.code.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("name", "required"),
                ("engine", "required"),
                ("nmae", "unknown_field")
            ]
        );
        assert!(merge(&bob(), &json!([])).is_err());
    }
}
