//! M4: from nothing to a session that can be prompted.

use std::sync::Mutex;

use anyhow::{Context, Result};

use crate::clock::{ms, now_ns};
use crate::host::Host;
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;

/// How many callers make sessions at once.
const AT_ONCE: usize = 8;

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let count = kit.few(160);
    let ours = both(&kit.start_vwm()?, count)?;
    let peer = kit.start_peer().and_then(|peer| {
        let measured = peer.map(|peer| both(&peer, count));
        measured.transpose().context("sandbox-agent")
    });
    let theirs = peer.as_ref().ok().and_then(Option::as_ref);
    let floors = &kit.floors;
    metrics.push(
        Metric::new("m4.create", "M4 create → active", "ms", &ours.alone)?
            .budget(15.0, None)
            .peer(theirs.map(|peer| &peer.alone))
            .floor(
                "a spawn and two fdatasync",
                floors.spawn.p50 + 2.0 * floors.fdatasync.p50,
            )
            .note("sandbox-agent's session is the agent's process; ours is a workspace, a journal and a harness, and its agent starts with the first prompt"),
    );
    metrics.push(
        Metric::new(
            "m4.rate",
            "M4 sessions made, eight at a time",
            "/s",
            &ours.rate,
        )?
        .higher_is_better()
        .budget(150.0, None)
        .peer(theirs.map(|peer| &peer.rate)),
    );
    peer.map(|_| ())
}

struct Made {
    alone: Sample,
    rate: Sample,
}

fn both(host: &dyn Host, count: usize) -> Result<Made> {
    let mut http = host.connect()?;
    for _ in 0..4 {
        host.create(&mut http)?;
    }
    let mut alone = Sample::default();
    for _ in 0..count {
        let start = now_ns();
        host.create(&mut http)?;
        alone.add(ms(now_ns() - start));
    }
    let rate = rate(host, count)?;
    Ok(Made {
        alone,
        rate: [rate].into_iter().collect(),
    })
}

/// Sessions a second when so many callers make them at once.
fn rate(host: &dyn Host, count: usize) -> Result<f64> {
    let left = Mutex::new(count);
    let start = now_ns();
    std::thread::scope(|scope| {
        let make = || -> Result<()> {
            let mut http = host.connect()?;
            loop {
                {
                    let mut left = left.lock().expect("no caller panics with it");
                    let Some(less) = left.checked_sub(1) else {
                        return Ok(());
                    };
                    *left = less;
                }
                host.create(&mut http)?;
            }
        };
        let callers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(make)).collect();
        let mut ended = callers.into_iter().map(|caller| caller.join());
        ended.try_for_each(|made| made.expect("a caller does not panic"))
    })?;
    #[allow(clippy::cast_precision_loss, reason = "it is a few hundred")]
    let made = count as f64;
    Ok(made * 1e3 / ms(now_ns() - start))
}
