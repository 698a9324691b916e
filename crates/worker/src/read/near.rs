//! What a misspelt name was probably meant to be.

/// Returns the name that differs from the given one in at most two letters, or only in how its words are joined.
#[must_use]
pub fn nearest<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    let given = plain(given);
    let most = match given.len() {
        0..=3 => 1,
        _ => 2,
    };
    let by_distance = names
        .iter()
        .map(|name| (distance(&given, &plain(name)), *name));
    let (_, nearest) = by_distance
        .filter(|(d, _)| *d <= most)
        .min_by_key(|(d, _)| *d)?;
    Some(nearest)
}

/// Lists the names that are allowed, the nearest one first.
pub(super) fn choice(given: &str, names: &[&str]) -> String {
    let list = match names {
        [one] => format!("`{one}`"),
        [rest @ .., last] => format!("`{}` or `{last}`", rest.join("`, `")),
        [] => String::new(),
    };
    let given_start = |name: &&&str| name.starts_with(given) && !given.is_empty();
    match nearest(given, names).or_else(|| names.iter().find(given_start).copied()) {
        Some(near) => format!("{list}; did you mean `{near}`?"),
        None => list,
    }
}

/// Without case and joints: `agent_md` is `agentMd`.
fn plain(name: &str) -> Vec<char> {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-'));
    letters.flat_map(char::to_lowercase).take(40).collect()
}

/// How many letters must be added, taken away, changed, or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if i == 0 || j == 0 {
                rows[i][j] = i + j;
                continue;
            }
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_the_one_that_was_meant() {
        let names = ["agentMd", "cliType", "timeout", "model", "env"];
        let found = |given: &str| nearest(given, &names);
        assert_eq!(found("agent_md"), Some("agentMd"));
        assert_eq!(found("AgentMD"), Some("agentMd"));
        assert_eq!(found("cilType"), Some("cliType"));
        assert_eq!(found("timeuot"), Some("timeout"));
        assert_eq!(found("modle"), Some("model"));
        assert_eq!(found("envs"), Some("env"));
        assert_eq!(found("skills"), None);
        assert_eq!(found("x"), None);
    }
}
