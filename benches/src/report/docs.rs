//! The table and the chart in `docs/`, between marks that stay.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Better, Metric, Report, Verdict, chart};
use crate::host::PEER_VERSION;
use crate::sample::Summary;

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// Writes what was found into `performance.md`, and the chart beside it.
pub(crate) fn write(folder: &Path, report: &Report) -> Result<()> {
    let page = folder.join("performance.md");
    let text = std::fs::read_to_string(&page)
        .with_context(|| format!("cannot read {}", page.display()))?;
    let text = replaced(&text, &table(report))
        .with_context(|| format!("{} has lost its marks", page.display()))?;
    std::fs::write(&page, text)?;
    let chart = chart::draw(&report.metrics);
    std::fs::write(folder.join("performance.svg"), chart).context("cannot write the chart")
}

/// The page with something else between its marks; none where it has none.
fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

fn table(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "Measured {} on {} cores ({}), Linux {}, {}; load average {:.1} before and {:.1} after, at most {:.0} % in use by others before a measure. {}, sandbox-agent {PEER_VERSION}.\n\n",
        report.at.split('T').next().unwrap_or_default(),
        machine.cores,
        machine.processor,
        machine.kernel,
        machine.file_system,
        report.load_before,
        report.load_after,
        report.busiest * 100.0,
        report.versions.vwm,
    );
    text += "| | budget | VWM p50 / p99 | | sandbox-agent p50 / p99 | floor |\n|---|---|---|---|---|---|\n";
    for metric in &report.metrics {
        row(&mut text, metric);
    }
    let floors = &report.floors;
    write!(
        text,
        "\nFloors, p50 / p99 in ms: pipe {}, loopback {}, spawn {}, fdatasync {}. The agent alone: a prompt {}, start and load {}.\n",
        pair(&floors.pipe),
        pair(&floors.loopback),
        pair(&floors.spawn),
        pair(&floors.fdatasync),
        pair(&report.agent.prompt),
        pair(&report.agent.resume),
    )
    .expect("a String takes all that is written");
    for failure in &report.failures {
        write!(text, "\nNot measured: {}: {}\n", failure.what, failure.why)
            .expect("a String takes all that is written");
    }
    text
}

fn row(text: &mut String, metric: &Metric) {
    let sign = match metric.better {
        Better::Lower => "≤",
        Better::Higher => "≥",
    };
    let budget = metric.budget.map_or_else(String::new, |budget| {
        let p99 = budget.p99.map_or(String::new(), |p99| format!(" / {p99}"));
        format!("{sign} {}{p99} {}", budget.p50, metric.unit)
    });
    let verdict = match metric.verdict {
        Some(Verdict::Within) => "reached",
        Some(Verdict::WithinTwice) => "within twice",
        Some(Verdict::Over) => "missed",
        None => "",
    };
    let peer = metric.peer.as_ref().map_or_else(|| "–".to_owned(), pair);
    let floor = metric.floor.as_ref().map_or_else(
        || "–".to_owned(),
        |floor| format!("{} ({})", short(floor.value), floor.of),
    );
    writeln!(
        text,
        "| {} | {budget} | {} {} | {verdict} | {peer} | {floor} |",
        metric.name(),
        pair(&metric.ours),
        metric.unit
    )
    .expect("a String takes all that is written");
}

/// Both quantiles; one of them where there is one value only.
fn pair(summary: &Summary) -> String {
    if summary.count == 1 {
        return short(summary.p50);
    }
    format!("{} / {}", short(summary.p50), short(summary.p99))
}

/// As many places as say something.
pub(super) fn short(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else if value.abs() >= 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("above\n{BEGIN}\nold\n{END}\nbelow\n");
        let expected = format!("above\n{BEGIN}\nnew\n{END}\nbelow\n");
        assert_eq!(replaced(&page, "new\n"), Some(expected));
        assert_eq!(replaced("above\n", "new\n"), None);
    }

    #[test]
    fn a_row_says_all_that_stands_beside_a_number() {
        let sample = [1.5, 2.5].into_iter().collect();
        let peer = [0.05].into_iter().collect();
        let metric = Metric::new("m0", "A thing", "ms", &sample).expect("it has values");
        let metric = metric.peer(Some(&peer)).floor("a spawn", 0.5);
        let mut text = String::new();
        row(&mut text, &metric.budget(1.0, Some(10.0)));
        insta::assert_snapshot!(text, @"| A thing | ≤ 1 / 10 ms | 1.50 / 2.50 ms | within twice | 0.050 | 0.50 (a spawn) |");
    }
}
