//! `docs/features.md` names tests; what it names must be there.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::rules::rust_files;

const PAGE: &str = "docs/features.md";

/// Fails with every test that the page names and no file has.
pub(crate) fn check(root: &Path) -> Result<()> {
    let page =
        fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    let mut tests = HashSet::new();
    for file in rust_files(root)? {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        tests.extend(tests_of(&text).map(str::to_owned));
        tests.extend(tests_of_both(&text).map(str::to_owned));
    }
    let missing: Vec<_> = named(&page)
        .filter(|(_, test)| !tests.contains(*test))
        .collect();
    if !missing.is_empty() {
        let lines = missing
            .iter()
            .map(|(line, test)| format!("{PAGE}:{line}: there is no test {test}"));
        bail!(
            "features without their test:\n  {}",
            lines.collect::<Vec<_>>().join("\n  ")
        );
    }
    Ok(())
}

/// The tests in the last column of the page's tables, with their lines.
fn named(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let rows = page
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("| "));
    rows.flat_map(|(number, line)| {
        let last = line
            .trim_end()
            .trim_end_matches('|')
            .rsplit('|')
            .next()
            .unwrap_or_default();
        // Between the first and the second backtick stands a name, between the second and the third none.
        let names = last.split('`').skip(1).step_by(2);
        names.map(move |name| (number + 1, name))
    })
}

/// The functions that stand below an attribute of a test.
fn tests_of(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        is_test |= line.starts_with("#[test]")
            || line.starts_with("#[tokio::test")
            || line.starts_with("#[rstest");
        let (_, name) = line
            .split_once("fn ")
            .filter(|_| is_test && !line.starts_with("//"))?;
        is_test = false;
        Some(name.split(['(', '<']).next().unwrap_or_default())
    })
}

/// The functions that the store's `both!` makes a test of on each database.
fn tests_of_both(text: &str) -> impl Iterator<Item = &str> {
    let lists = text.split("\nboth!(").skip(1);
    let names = lists.flat_map(|rest| rest.split(')').next().unwrap_or_default().split(','));
    names.map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_on_both_databases_is_a_test() {
        let source = "async fn one(kit: Kit) {}\n\nboth!(\n    one,\n    two,\n);\nboth!(three);\n";
        let names: Vec<_> = tests_of_both(source).collect();
        assert_eq!(names, ["one", "two", "three"]);
    }

    #[test]
    fn only_tests_count_and_only_the_last_column_names_them() {
        let source = "#[tokio::test(flavor = \"x\")]\nasync fn one_thing() {\nfn helper() {}\n}\n    #[rstest]\n    #[case(1)]\n    fn cases(#[case] n: u8) {}\n";
        assert_eq!(tests_of(source).collect::<Vec<_>>(), ["one_thing", "cases"]);
        let page = "# Page with `code`\n| # | promise | test |\n|---|---|---|\n| 1 | `PUT` works | `one_thing`, `cases` |\n";
        assert_eq!(
            named(page).collect::<Vec<_>>(),
            [(4, "one_thing"), (4, "cases")]
        );
    }
}
