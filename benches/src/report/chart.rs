//! The chart: every number by its budget, so that one scale fits all.

use std::fmt::Write as _;

use super::docs::short;
use super::{Better, Metric};

const WIDTH: f64 = 920.0;
const LEFT: f64 = 300.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 56.0;
const BAR: f64 = 10.0;
const GROUP: f64 = 46.0;
/// The scale's ends, as powers of ten of the budget.
const SCALE: (i32, i32) = (-2, 3);

/// Draws every metric that has a budget.
pub(super) fn draw(metrics: &[Metric]) -> String {
    let rows: Vec<_> = metrics
        .iter()
        .filter_map(|metric| Some((metric, metric.budget?.p50)))
        // What must not be at all has no scale.
        .filter(|(_, budget)| *budget > 0.0)
        .collect();
    #[allow(clippy::cast_precision_loss, reason = "a chart has few rows")]
    let height = TOP + GROUP * rows.len() as f64 + 24.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"Each number by its budget\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    legend(&mut svg);
    scale(&mut svg, height);
    let mut y = TOP;
    for (metric, budget) in rows {
        let by_budget = |value: f64| match metric.better {
            Better::Lower => value / budget,
            Better::Higher => budget / value,
        };
        put(
            &mut svg,
            format_args!(
                "<text x=\"8\" y=\"{}\" fill=\"#222222\">{}</text>\n",
                y + 21.0,
                escaped(&metric.name())
            ),
        );
        let peer = metric.peer.map(|peer| peer.p50);
        let floor = metric.floor.as_ref().map(|floor| floor.value);
        let bars = [(Some(metric.ours.p50), OURS), (peer, PEER), (floor, FLOOR)];
        for (row, (value, colour)) in (0u8..).zip(bars) {
            let Some(value) = value else {
                continue;
            };
            let top = y + 4.0 + f64::from(row) * (BAR + 2.0);
            let end = place(by_budget(value));
            put(
                &mut svg,
                format_args!(
                    "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\" fill=\"#222222\">{} {}</text>\n",
                    (end - LEFT).max(1.0),
                    end + 4.0,
                    top + BAR - 1.0,
                    short(value),
                    metric.unit
                ),
            );
        }
        y += GROUP;
    }
    svg += "</svg>\n";
    svg
}

const OURS: &str = "#2563eb";
const PEER: &str = "#d97706";
const FLOOR: &str = "#9ca3af";
const BUDGET: &str = "#dc2626";

fn legend(svg: &mut String) {
    let names = [
        (OURS, "VWM"),
        (PEER, "sandbox-agent (stores nothing)"),
        (FLOOR, "the machine's floor"),
        (BUDGET, "budget"),
    ];
    let mut x = 8.0;
    for ((colour, name), width) in names.into_iter().zip([70.0, 210.0, 150.0, 80.0]) {
        put(
            svg,
            format_args!(
                "<rect x=\"{x}\" y=\"10\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\n<text x=\"{}\" y=\"20\" fill=\"#222222\">{name}</text>\n",
                x + 17.0
            ),
        );
        x += width;
    }
    put(
        svg,
        format_args!(
            "<text x=\"{x}\" y=\"20\" fill=\"#555555\">p50 by its budget, logarithmic; shorter is better</text>\n"
        ),
    );
}

fn scale(svg: &mut String, height: f64) {
    for power in SCALE.0..=SCALE.1 {
        let x = place(10f64.powi(power));
        let (colour, width) = if power == 0 {
            (BUDGET, 2)
        } else {
            ("#e5e7eb", 1)
        };
        let name = if power == 0 {
            "budget".to_owned()
        } else {
            format!("×{}", 10f64.powi(power))
        };
        put(
            svg,
            format_args!(
                "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\n<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555555\">{name}</text>\n",
                height - 16.0,
                TOP - 8.0
            ),
        );
    }
}

/// Where a multiple of the budget stands; what is beyond the scale stands at its end.
fn place(by_budget: f64) -> f64 {
    let (low, high) = (f64::from(SCALE.0), f64::from(SCALE.1));
    let power = by_budget.max(f64::MIN_POSITIVE).log10().clamp(low, high);
    LEFT + (power - low) / (high - low) * (WIDTH - LEFT - RIGHT)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text)
        .expect("a String takes all that is written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_at_its_budget_ends_at_the_budget_s_line() {
        let sample = [15.0].into_iter().collect();
        let metric = Metric::new("m0", "A & B", "ms", &sample).expect("it has a value");
        let svg = draw(&[metric.budget(15.0, None)]);
        let line = format!("<line x1=\"{:.1}\"", place(1.0));
        let bar = format!("width=\"{:.1}\" height=\"{BAR}\"", place(1.0) - LEFT);
        assert!(svg.contains(&line) && svg.contains(&bar), "{svg}");
        assert!(svg.contains("A &amp; B"), "{svg}");
    }

    #[test]
    fn the_scale_grows_by_equal_steps_and_has_ends() {
        let step = place(10.0) - place(1.0);
        assert!((place(1.0) - place(0.1) - step).abs() < 1e-9);
        assert_eq!(place(0.0).to_bits(), LEFT.to_bits());
        assert_eq!(place(1e9).to_bits(), (WIDTH - RIGHT).to_bits());
    }
}
