//! What the environment says, read once.

use std::path::PathBuf;

/// What shall happen in this process.
const OURS: &str = "VWM_FAILPOINTS";
/// What shall happen in the harnesses that it starts.
const HARNESSES: &str = "VWM_HARNESS_FAILPOINTS";
/// Where it is written down that something has happened.
const TOLD: &str = "VWM_FAILPOINTS_TOLD";
/// The file that says by how many seconds the clock is wrong.
const CLOCK: &str = "VWM_CLOCK";

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// `name=action;…`
    pub(crate) ours: String,
    /// `generation:name=action;…`, where the generation may be `*`.
    pub(crate) harnesses: String,
    pub(crate) told: Option<PathBuf>,
    pub(crate) clock: Option<PathBuf>,
}

impl Config {
    #[allow(clippy::disallowed_methods, reason = "this is a config.rs")]
    pub(crate) fn read() -> Self {
        let text = |name| std::env::var(name).unwrap_or_default();
        let path = |name| Some(PathBuf::from(text(name))).filter(|it| !it.as_os_str().is_empty());
        Self {
            ours: text(OURS),
            harnesses: text(HARNESSES),
            told: path(TOLD),
            clock: path(CLOCK),
        }
    }

    /// What a harness of this generation is told.
    pub(crate) fn of(&self, generation: &str) -> Vec<(&'static str, String)> {
        let meant = self.harnesses.split(';').filter_map(|entry| {
            let (whose, point) = entry.split_once(':')?;
            (whose == generation || whose == "*").then_some(point)
        });
        let ours: Vec<&str> = meant.collect();
        let mut environment = vec![(OURS, ours.join(";"))];
        let paths = [(TOLD, &self.told), (CLOCK, &self.clock)];
        let paths = paths.into_iter().filter_map(|(name, path)| {
            let path = path.as_ref()?;
            Some((name, path.to_str()?.to_owned()))
        });
        environment.extend(paths);
        environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harness_is_told_what_is_meant_for_its_generation() {
        let config = Config {
            harnesses: "1:a=kill;2:b=2*off->kill;*:c=stop".to_owned(),
            clock: Some("/clock".into()),
            ..Config::default()
        };
        let told = |value: &str| {
            let clock = ("VWM_CLOCK", "/clock".to_owned());
            vec![("VWM_FAILPOINTS", value.to_owned()), clock]
        };
        assert_eq!(config.of("1"), told("a=kill;c=stop"));
        assert_eq!(config.of("2"), told("b=2*off->kill;c=stop"));
        assert_eq!(config.of("push"), told("c=stop"));
    }
}
