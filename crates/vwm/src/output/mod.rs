//! What commands show: tables and JSON, numbers for people, and a turn as it happens.

pub(crate) mod margin;
pub(crate) mod numbers;
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
