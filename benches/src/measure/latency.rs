//! M1: what a host adds to a prompt, and how long an event takes from the agent's write to a subscriber's read.

use anyhow::{Context, Result};

use crate::clock::{ms, now_ns};
use crate::host::Host;
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;

/// Prompts before the first that counts.
const WARM: usize = 50;
/// Events a second.
const RATE: usize = 1_000;

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let (prompts, events) = (kit.few(1_500), kit.few(10_000));
    let ours = both(&kit.start_vwm()?, kit, prompts, events)?;
    // A peer that fails must not hide what is ours.
    let peer = kit.start_peer().and_then(|peer| {
        let measured = peer.map(|peer| both(&peer, kit, prompts, events));
        measured.transpose().context("sandbox-agent")
    });
    let theirs = peer.as_ref().ok().and_then(Option::as_ref);
    let floors = &kit.floors;
    let prompt = floors.loopback.p50 + 2.0 * floors.fdatasync.p50;
    metrics.push(
        Metric::new("m1.prompt", "M1 added to a prompt", "ms", &ours.prompt)?
            .budget(2.0, Some(10.0))
            .peer(theirs.map(|peer| &peer.prompt))
            .floor("loopback and two fdatasync", prompt)
            .note(format!(
                "the agent's own prompt over a pipe, {} ms, is taken off",
                kit.bare.prompt.p50
            )),
    );
    let event = floors.loopback.p50 + floors.fdatasync.p50;
    metrics.push(
        Metric::new("m1.event", "M1 an event at 1,000/s", "ms", &ours.event)?
            .budget(0.5, Some(10.0))
            .peer(theirs.map(|peer| &peer.event))
            .floor("loopback and one fdatasync", event)
            .note("from the agent's write to the subscriber's read; ours is on the disk by then"),
    );
    peer.map(|_| ())
}

struct Latency {
    prompt: Sample,
    event: Sample,
}

fn both(host: &dyn Host, kit: &Kit, prompts: usize, events: usize) -> Result<Latency> {
    Ok(Latency {
        prompt: round_trips(host, prompts)?.less(kit.bare.prompt.p50),
        event: paced(host, events)?,
    })
}

/// One caller, one prompt after another, each with one event.
fn round_trips(host: &dyn Host, count: usize) -> Result<Sample> {
    let mut http = host.connect()?;
    let session = host.create(&mut http)?;
    let (path, body) = host.prompt(&session, "n=1");
    let mut sample = Sample::default();
    for round in 0..WARM + count {
        let start = now_ns();
        http.exchange("POST", &path, &body)?;
        let took = ms(now_ns() - start);
        if round >= WARM {
            sample.add(took);
        }
    }
    Ok(sample)
}

/// One subscriber, one turn whose events come at a fixed rate.
fn paced(host: &dyn Host, count: usize) -> Result<Sample> {
    let mut http = host.connect()?;
    let session = host.create(&mut http)?;
    let watch = host.watch(&session)?;
    let mut turn = |events: usize| {
        let (path, body) = host.prompt(&session, &format!("n={events} rate={RATE}"));
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| http.exchange("POST", &path, &body));
            let said = watch.said(events);
            asked.join().expect("asking does not panic")?;
            said
        })
    };
    turn(RATE / 5)?;
    let said = turn(count)?;
    Ok(said.into_iter().map(|(_, late)| ms(late)).collect())
}
