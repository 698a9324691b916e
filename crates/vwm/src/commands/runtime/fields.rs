//! A runtime's fields as options.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use vwm_api::NewRuntime;

use crate::error::CliError;

/// What a runtime is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Fields {
    /// The image that the team's tools are in
    #[arg(long, value_name = "IMAGE")]
    base_image: Option<String>,
    /// The image that VWM built from it
    #[arg(long, value_name = "IMAGE")]
    vw_image: Option<String>,
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// For finding it; give it as often as needed
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Where engines are installed, an absolute path [default: the server's own folder]
    #[arg(long, value_name = "DIR")]
    engines_dir: Option<String>,
    /// What a job may use in a cluster, as Kubernetes writes it
    #[arg(long, value_name = "JSON")]
    resources: Option<String>,
    /// Which nodes of a cluster a job may run on; give it as often as needed
    #[arg(long = "node", value_name = "LABEL=VALUE")]
    nodes: Vec<String>,
    /// Which taint of a cluster's nodes a job bears; give it as often as needed
    #[arg(long = "toleration", value_name = "JSON")]
    tolerations: Vec<String>,
    /// A cluster's runtime class, such as gvisor
    #[arg(long, value_name = "NAME")]
    runtime_class: Option<String>,
}

/// A field that has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "camelCase")]
pub(crate) enum Named {
    Description,
    VwImage,
    Tags,
    EnginesDir,
    Resources,
    NodeSelector,
    Tolerations,
    RuntimeClass,
}

impl Fields {
    /// A runtime of this name.
    pub(super) fn new_runtime(self, name: String) -> Result<NewRuntime, CliError> {
        if self.base_image.is_none() {
            return Err(CliError::usage(
                "--base-image is missing",
                "name the image that the team's tools are in",
            ));
        }
        let mut fields = self.given()?;
        fields.insert("name".to_owned(), json!(name));
        serde_json::from_value(Value::Object(fields)).map_err(|error| {
            CliError::usage(
                format!("this cannot be a runtime: {error}"),
                "`vwm runtime create --help` has examples",
            )
        })
    }

    /// What changes; null is back to the default.
    pub(super) fn change(
        self,
        name: Option<String>,
        reset: &[Named],
    ) -> Result<Map<String, Value>, CliError> {
        let mut fields = self.given()?;
        if let Some(name) = name {
            fields.insert("name".to_owned(), json!(name));
        }
        for field in reset {
            let value = field.to_possible_value();
            let field = value.as_ref().map_or("", |it| it.get_name());
            if fields.insert(field.to_owned(), Value::Null).is_some() {
                return Err(CliError::usage(
                    format!("{field} is set and reset at once"),
                    "keep one of the two",
                ));
            }
        }
        if fields.is_empty() {
            return Err(CliError::usage(
                "nothing would change",
                "say what changes: `vwm runtime update --help` has examples",
            ));
        }
        Ok(fields)
    }

    fn given(self) -> Result<Map<String, Value>, CliError> {
        let mut fields = Map::new();
        let texts = [
            ("baseImage", self.base_image),
            ("vwImage", self.vw_image),
            ("description", self.description),
            ("enginesDir", self.engines_dir),
            ("runtimeClass", self.runtime_class),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                fields.insert(name.to_owned(), json!(text));
            }
        }
        if !self.tags.is_empty() {
            fields.insert("tags".to_owned(), json!(self.tags));
        }
        if let Some(text) = self.resources {
            fields.insert("resources".to_owned(), object("--resources", &text)?);
        }
        if !self.tolerations.is_empty() {
            let each = self.tolerations.iter();
            let all: Result<Vec<_>, _> = each.map(|text| object("--toleration", text)).collect();
            fields.insert("tolerations".to_owned(), json!(all?));
        }
        if !self.nodes.is_empty() {
            let mut selector = Map::new();
            for node in &self.nodes {
                let Some((label, value)) = node.split_once('=') else {
                    return Err(CliError::usage(
                        format!("--node is {node:?}, and must be LABEL=VALUE"),
                        "write it as `--node disk=ssd`",
                    ));
                };
                selector.insert(label.to_owned(), json!(value));
            }
            fields.insert("nodeSelector".to_owned(), Value::Object(selector));
        }
        Ok(fields)
    }
}

fn object(option: &str, text: &str) -> Result<Value, CliError> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) | Err(_) => Err(CliError::usage(
            format!("{option} is {text:?}, and must be an object in JSON"),
            "put it in single quotes, as in '{\"limits\": {\"memory\": \"8Gi\"}}'",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_changes_and_null_is_the_default() {
        let fields = Fields {
            tags: vec!["gpu".into()],
            nodes: vec!["disk=ssd".into()],
            ..Fields::default()
        };
        let change = fields.change(None, &[Named::RuntimeClass]);
        insta::assert_snapshot!(json!(change.unwrap()), @r#"{"tags":["gpu"],"nodeSelector":{"disk":"ssd"},"runtimeClass":null}"#);
        let empty = Fields::default().change(None, &[]);
        assert!(matches!(empty, Err(CliError::Usage { .. })));
        let contrary = Fields {
            tags: vec!["gpu".into()],
            ..Fields::default()
        };
        let contrary = contrary.change(None, &[Named::Tags]);
        assert!(matches!(contrary, Err(CliError::Usage { .. })));
    }
}
