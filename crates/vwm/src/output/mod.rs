//! What commands show: tables and JSON, numbers for people, standard output, what changes, and a turn as it happens.

pub(crate) mod diff;
pub(crate) mod folded;
pub(crate) mod margin;
pub(crate) mod numbers;
pub(crate) mod stdout;
pub(crate) mod table;
pub(crate) mod transcript;

/// In which form a command shows what it found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs: the API's own objects.
    Json,
}

/// The option that chooses the form.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Form {
    /// table for people; json for programs, which is the API's own objects
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) output: Output,
}

impl Form {
    /// Whether a program reads it.
    #[must_use]
    pub(crate) fn is_json(self) -> bool {
        self.output == Output::Json
    }
}
