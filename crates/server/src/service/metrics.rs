//! Numbers for those who watch the server, in the text format of Prometheus.

use std::fmt::{Display, Write as _};

use vwm_api::{SessionStatus, TurnKind, TurnStatus};

use crate::app::App;
use crate::error::Error;

/// Returns every number, as the format 0.0.4 writes it.
pub(crate) async fn text(app: &App) -> Result<String, Error> {
    let store = &app.store;
    let mut page = Page::default();

    page.family("vwm_info", "gauge", "Always 1; what runs is in the labels");
    page.number(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family(
        "vwm_uptime_seconds",
        "gauge",
        "Seconds since the server started",
    );
    page.number(&[], app.started_at.elapsed().as_secs());

    let sessions = store.session_counts().await?;
    page.family("vwm_sessions", "gauge", "Sessions, by status");
    for status in SessionStatus::ALL {
        let count = sessions.iter().find(|(its, _)| *its == status);
        let count = count.map_or(0, |(_, count)| *count);
        page.number(&[("status", status.as_str())], count);
    }

    let turns = store.turn_counts().await?;
    page.family(
        "vwm_requests_total",
        "counter",
        "Turns that are over, by kind and by how they ended",
    );
    for kind in TurnKind::ALL {
        // One that is not over would be counted down again.
        for status in TurnStatus::ALL.into_iter().filter(|it| it.is_over()) {
            let is_it = |turn: &&(TurnKind, TurnStatus, i64)| (turn.0, turn.1) == (kind, status);
            let count = turns.iter().find(is_it).map_or(0, |(_, _, count)| *count);
            let labels = [("kind", kind.as_str()), ("status", status.as_str())];
            page.number(&labels, count);
        }
    }
    page.family("vwm_requests_running", "gauge", "Turns that run");
    let running = turns.iter().filter(|turn| turn.1 == TurnStatus::Running);
    page.number(&[], running.map(|turn| turn.2).sum::<i64>());

    let usage = store.usage().await?;
    page.family(
        "vwm_tokens_total",
        "counter",
        "Tokens that turns used, cached input included",
    );
    page.number(&[("direction", "in")], usage.tokens_in);
    page.number(&[("direction", "out")], usage.tokens_out);
    page.family(
        "vwm_cost_usd_total",
        "counter",
        "US dollars that turns cost, as their engines say",
    );
    page.number(&[], usage.cost_usd);

    page.family("vwm_queue_depth", "gauge", "Turns that wait");
    page.number(&[], store.waiting_turns().await?);
    page.family(
        "vwm_database_bytes",
        "gauge",
        "Bytes of the database, without its log",
    );
    page.number(&[], store.database_bytes().await?);
    kept(app, &mut page);
    Ok(page.text)
}

/// What the housekeeping did since the start, and how much room there is.
fn kept(app: &App, page: &mut Page) {
    page.family(
        "vwm_events_deleted_total",
        "counter",
        "Events that were deleted since the server started, because they are kept no longer",
    );
    page.number(&[], app.counts.events());
    page.family(
        "vwm_blobs_deleted_total",
        "counter",
        "Blobs likewise, which nothing named any more",
    );
    page.number(&[], app.counts.blobs());
    page.family(
        "vwm_orphans_removed_total",
        "counter",
        "Jobs, folders and sockets of sessions that were over or unknown, since the server started",
    );
    page.number(&[], app.counts.orphans());
    if let Some(free) = app.disk.free() {
        page.family(
            "vwm_disk_free_bytes",
            "gauge",
            "Bytes that are free on the data directory's disk",
        );
        page.number(&[], free);
    }
    page.family(
        "vwm_disk_reserve_bytes",
        "gauge",
        "Bytes that must be free for a new session",
    );
    page.number(&[], app.disk.reserve());
}

/// The text so far, and the family that it is in. Labels and help are words of ours: nothing in them has to be escaped.
#[derive(Default)]
struct Page {
    text: String,
    family: &'static str,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.family = name;
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn number(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let labels = match labels.join(",") {
            none if none.is_empty() => none,
            some => format!("{{{some}}}"),
        };
        let family = self.family;
        self.write(format_args!("{family}{labels} {value}\n"));
    }

    fn write(&mut self, what: std::fmt::Arguments<'_>) {
        self.text
            .write_fmt(what)
            .expect("a String takes all that is written");
    }
}
