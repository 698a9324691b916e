//! M6: the server is killed while many turns run; how long until all is right again, and what was lost.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::Signal;
use serde_json::json;

use crate::clock::{ms, now_ns};
use crate::host::{Host, Vwm};
use crate::http::Http;
use crate::marker::Stamp;
use crate::process;
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;
use crate::watch::Watch;

/// Turns that run.
const TURNS: usize = 200;
/// What each of them says: for so many seconds, so often.
const SECONDS: usize = 12;
const RATE: usize = 5;
/// How long what was ended may take to be gone.
const GONE: Duration = Duration::from_secs(20);

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let mut vwm = kit.start_vwm()?;
    let mut http = vwm.connect()?;
    let count = kit.few(TURNS);
    let sessions = (0..count).map(|_| vwm.create(&mut http));
    let sessions = sessions.collect::<Result<Vec<_>>>()?;
    let script = format!("bench n={} rate={RATE}", SECONDS * RATE);
    for session in &sessions {
        let path = format!("/sessions/{session}/requests");
        http.ask("POST", &path, Some(&json!({"prompt": script})))?;
    }
    for session in &sessions {
        vwm.watch(session)?.said(1)?;
    }
    let family = sessions.iter().map(|session| vwm.harness(session));
    let mut family = family.collect::<Result<Vec<_>>>()?;
    for harness in family.clone() {
        family.extend(process::descendants(harness));
    }
    let killed = now_ns();
    vwm.kill_server();
    vwm.start_again(&kit.vwm)?;
    let begun = now_ns();
    let seen = all_said(&vwm, &sessions)?;
    let right = right_again(&seen, begun);
    let expected = u64::try_from(SECONDS * RATE)?;
    let losses = seen.iter().map(|said| losses(said, expected));
    let lost: u64 = losses.clone().map(|(lost, _)| lost).sum();
    let twice: u64 = losses.map(|(_, twice)| twice).sum();
    let left = end(&vwm, &mut http, &sessions, &family)?;
    metrics.push(
        Metric::new("m6.right", "M6 the server was killed: right again", "ms", &right)?
            .budget(2_000.0, None)
            .floor("a spawn", kit.floors.spawn.p50)
            .note(format!(
                "{count} turns ran, each with {RATE} events a second; for each session, from the next server's start to the first event read of it that was said after that; the server was away for {:.0} ms; sandbox-agent knows no session any more",
                ms(begun - killed)
            )),
    );
    #[allow(clippy::cast_precision_loss, reason = "there are none, or a few")]
    let wrong: Sample = [(lost + twice + left) as f64].into_iter().collect();
    metrics.push(
        Metric::new("m6.wrong", "M6 events lost or told twice, processes left", "", &wrong)?
            .budget(0.0, None)
            .note(format!("{lost} events lost, {twice} twice, {left} processes left behind after the sessions were ended")),
    );
    Ok(())
}

/// Everything that each session said, with when it was read here; the whole turn of each.
fn all_said(vwm: &Vwm, sessions: &[String]) -> Result<Vec<Vec<(Stamp, u64)>>> {
    let watches = sessions.iter().map(|session| vwm.watch(session));
    let watches = watches.collect::<Result<Vec<Watch>>>()?;
    let whole = |watch: &Watch| watch.said_until(r#""type":"complete""#, r#""type":"error""#);
    watches.iter().map(whole).collect()
}

/// For each session, how long after the next server's start it was right again, in ms.
fn right_again(seen: &[Vec<(Stamp, u64)>], begun: u64) -> Sample {
    let first = |said: &Vec<(Stamp, u64)>| {
        let after = said.iter().find(|(stamp, _)| stamp.sent_ns > begun);
        after.map(|(_, read)| ms(read.saturating_sub(begun)))
    };
    // One that says nothing more is as late as can be told.
    let firsts = seen.iter().map(|said| first(said).unwrap_or(f64::MAX));
    // What counts is when the last one is right.
    [firsts.fold(0.0, f64::max)].into_iter().collect()
}

/// How many of the numbers 1 to the last are not there, and how many are there again.
fn losses(said: &[(Stamp, u64)], last: u64) -> (u64, u64) {
    let mut seen = BTreeSet::new();
    let again = said.iter().filter(|(stamp, _)| !seen.insert(stamp.number));
    let again = again.count() as u64;
    (last.saturating_sub(seen.len() as u64), again)
}

/// Ends all sessions; returns how many of their processes are still there.
fn end(vwm: &Vwm, http: &mut Http, sessions: &[String], family: &[u32]) -> Result<u64> {
    *http = vwm.connect()?;
    for session in sessions {
        http.exchange("DELETE", &format!("/sessions/{session}"), "")?;
    }
    for session in sessions {
        vwm.watch(session)?
            .until(r#""to":"ended""#, r#""to":"failed""#)?;
    }
    ensure!(!family.is_empty(), "no harness ran");
    if process::wait_gone(family, GONE).is_ok() {
        return Ok(0);
    }
    let left: Vec<_> = family
        .iter()
        .filter(|pid| process::is_alive(**pid))
        .collect();
    for pid in &left {
        process::signal(**pid, Signal::KILL);
    }
    Ok(left.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(numbers: &[u64]) -> Vec<(Stamp, u64)> {
        let stamp = |number| Stamp {
            number,
            sent_ns: number * 10,
        };
        numbers.iter().map(|n| (stamp(*n), n * 10 + 1)).collect()
    }

    #[test]
    fn what_is_missing_and_what_came_twice_is_counted() {
        assert_eq!(losses(&said(&[1, 2, 3]), 3), (0, 0));
        assert_eq!(losses(&said(&[1, 3, 3]), 3), (1, 1));
    }

    #[test]
    fn the_last_session_that_speaks_again_counts() {
        let seen = [said(&[1, 2, 400_000]), said(&[1, 900_000])];
        let right = right_again(&seen, 1_000_000).quantile(1.0);
        assert_eq!(right, Some(ms(8_000_001)));
        let silent = right_again(&[said(&[1])], 1_000_000).quantile(1.0);
        assert_eq!(silent, Some(f64::MAX));
    }
}
