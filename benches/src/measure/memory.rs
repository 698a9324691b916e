//! M3: what a session costs in memory: the server's part by the slope over many sessions, the harness's by itself.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::host::{Host, Vwm};
use crate::process::{self, Memory};
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;

/// Events that an active session has behind it.
const EVENTS: usize = 1_000;
/// Sessions that are killed and suspended together.
const AT_ONCE: usize = 40;
/// Callers at once: the machine's cores are few.
const CALLERS: usize = 4;
/// How long a server may put down what it has in its hands.
const SETTLE: Duration = Duration::from_secs(1);

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let suspended = suspended(kit)?;
    metrics.push(
        Metric::new(
            "m3.suspended",
            "M3 server, a suspended session",
            "KiB",
            &one(suspended.per_session),
        )?
        .budget(1.0, None)
        .note(suspended.note),
    );
    let count = kit.few(80);
    let vwm = kit.start_vwm()?;
    let (ours, sessions) = active(&vwm, count)?;
    let peer = kit.start_peer().and_then(|peer| {
        let measured = peer.map(|peer| active(&peer, count));
        measured.transpose().context("sandbox-agent")
    });
    let theirs = peer.as_ref().ok().and_then(Option::as_ref);
    metrics.push(
        Metric::new(
            "m3.active",
            "M3 server, an idle session after 1,000 events",
            "KiB",
            &one(ours.per_session),
        )?
        .budget(32.0, None)
        .peer(theirs.map(|(peer, _)| one(peer.per_session)).as_ref())
        .note(ours.note),
    );
    metrics.push(harness(&vwm, &sessions)?);
    peer.map(|_| ())
}

/// What a server has for each of many sessions.
struct Slope {
    per_session: f64,
    note: String,
}

impl Slope {
    /// Between two looks at one process. All of its memory counts: what it shares, it shares at both looks.
    #[allow(
        clippy::cast_precision_loss,
        reason = "memory in KiB is far below 2^52"
    )]
    fn between(before: Memory, after: Memory, sessions: usize) -> Self {
        let per = |before: u64, after: u64| (after as f64 - before as f64) / sessions as f64;
        Self {
            per_session: per(before.rss, after.rss),
            note: format!(
                "slope of the server's RSS over {sessions} sessions, {} to {} KiB; of its anonymous memory {:.1} KiB, of its PSS {:.1} KiB a session",
                before.rss,
                after.rss,
                per(before.anonymous, after.anonymous),
                per(before.pss, after.pss),
            ),
        }
    }
}

/// Sessions are made and suspended in rounds; the first rounds grow what is reused later, and do not count.
fn suspended(kit: &Kit) -> Result<Slope> {
    let vwm = kit.start_vwm()?;
    let rounds = if kit.quick { 1 } else { 12 };
    for _ in 0..rounds.min(5) {
        suspend_some(&vwm)?;
    }
    let before = settled(&vwm)?;
    for _ in 0..rounds {
        suspend_some(&vwm)?;
    }
    Ok(Slope::between(before, settled(&vwm)?, rounds * AT_ONCE))
}

fn suspend_some(vwm: &Vwm) -> Result<()> {
    let each = AT_ONCE / CALLERS;
    at_once(|| {
        let mut http = vwm.connect()?;
        for _ in 0..each {
            let session = vwm.create(&mut http)?;
            let watch = vwm.watch(&session)?;
            vwm.kill_harness(&session)?;
            watch.until(r#""to":"suspended""#, r#""to":"failed""#)?;
        }
        Ok(Vec::<()>::new())
    })?;
    Ok(())
}

/// Sessions that have had their events, and whose agents wait. As many before the first look: they fill what is bounded and shared,
/// such as a database's caches.
fn active(host: &dyn Host, count: usize) -> Result<(Slope, Vec<String>)> {
    fill(host, count)?;
    let before = settled(host)?;
    let sessions = fill(host, count)?;
    let slope = Slope::between(before, settled(host)?, sessions.len());
    Ok((slope, sessions))
}

fn fill(host: &dyn Host, count: usize) -> Result<Vec<String>> {
    let each = count.div_ceil(CALLERS);
    at_once(|| {
        let mut http = host.connect()?;
        let mut sessions = Vec::new();
        for _ in 0..each {
            let session = host.create(&mut http)?;
            let (path, body) = host.prompt(&session, &format!("n={EVENTS} rate=5000"));
            http.exchange("POST", &path, &body)?;
            sessions.push(session);
        }
        Ok(sessions)
    })
}

fn at_once<T: Send>(work: impl Fn() -> Result<Vec<T>> + Sync) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(&work)).collect();
        let mut all = Vec::new();
        for caller in callers {
            all.extend(caller.join().expect("a caller does not panic")?);
        }
        Ok(all)
    })
}

fn settled(host: &dyn Host) -> Result<Memory> {
    std::thread::sleep(SETTLE);
    process::memory(host.pid())
}

/// What each harness holds by itself; it shares its program with the server and the others, which only PSS divides.
#[allow(
    clippy::cast_precision_loss,
    reason = "memory in KiB is far below 2^52"
)]
fn harness(vwm: &Vwm, sessions: &[String]) -> Result<Metric> {
    let (mut pss, mut rss, mut supervisors) =
        (Sample::default(), Sample::default(), Sample::default());
    for session in sessions {
        let pid = vwm.harness(session)?;
        let memory = process::memory(pid)?;
        pss.add(memory.pss as f64 / 1024.0);
        rss.add(memory.rss as f64 / 1024.0);
        for supervisor in process::children(pid) {
            supervisors.add(process::memory(supervisor)?.pss as f64 / 1024.0);
        }
    }
    let of = |sample: &Sample| sample.quantile(0.5).unwrap_or_default();
    let note = format!(
        "PSS of each of {} harnesses; its RSS is {:.1} MiB, and the supervisor beside it has {:.2} MiB of PSS",
        sessions.len(),
        of(&rss),
        of(&supervisors)
    );
    let metric = Metric::new("m3.harness", "M3 a resident harness", "MiB", &pss)?;
    Ok(metric.budget(6.0, None).note(note))
}

fn one(value: f64) -> Sample {
    [value].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_what_each_session_adds() {
        let at = |rss| Memory {
            rss,
            pss: rss,
            anonymous: rss / 2,
        };
        let grown = Slope::between(at(20_000), at(23_200), 100);
        assert_eq!(grown.per_session.to_bits(), 32f64.to_bits());
        let shrunk = Slope::between(at(20_000), at(19_900), 100);
        assert_eq!(shrunk.per_session.to_bits(), (-1f64).to_bits());
    }
}
