//! M2: events delivered to many at once: a burst and a steady flow to all watchers of one session, many sessions, and watchers that stall.

use anyhow::{Context, Result};

use crate::clock::ms;
use crate::crowd::{Crowd, Heard, Wanted};
use crate::fountain::{self, Fountain};
use crate::host::Host;
use crate::process;
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;

/// Events a second of the steady flow, and of each of the many sessions.
const RATE: usize = 100;

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let watchers = kit.few(1_000);
    let floor = floor(kit, watchers)?;
    let vwm = kit.start_vwm()?;
    let ours = bursts(&vwm, kit, watchers)?;
    let steady = steady(&vwm, kit, watchers)?;
    metrics.push(stalled(&vwm, kit, watchers)?);
    drop(vwm);
    let many = many_sessions(kit)?;
    // A peer that fails must not hide what is ours.
    let peer = kit.start_peer().and_then(|peer| {
        let measured = peer.map(|peer| bursts(&peer, kit, watchers));
        measured.transpose().context("sandbox-agent")
    });
    let theirs = peer.as_ref().ok().and_then(Option::as_ref);
    let lost = theirs.map_or_else(String::new, |peer| {
        format!("; sandbox-agent: {}", peer.losses)
    });
    metrics.push(
        Metric::new(
            "m2.burst",
            "M2 a burst to all watchers of a session",
            "k/s",
            &ours.rate,
        )?
        .higher_is_better()
        .budget(1_000.0, None)
        .peer(theirs.map(|peer| &peer.rate))
        .floor("the same bytes from a server that looks nothing up", floor)
        .note(format!(
            "events delivered to {watchers} watchers; {}{lost}",
            ours.losses
        )),
    );
    metrics.push(
        Metric::new(
            "m2.steady",
            "M2 an event at 100/s to all watchers of a session",
            "ms",
            &steady.late,
        )?
        .budget(50.0, Some(50.0))
        .note(format!(
            "from the agent's write to the read of each of {watchers} watchers; {}",
            steady.losses
        )),
    );
    metrics.extend(many);
    peer.map(|_| ())
}

/// What a crowd came to.
struct Delivered {
    /// In thousands a second.
    rate: Sample,
    late: Sample,
    losses: String,
}

impl Delivered {
    #[allow(clippy::cast_precision_loss, reason = "events are far below 2^52")]
    fn of(rounds: &[Vec<Heard>]) -> Self {
        let (mut rate, mut late) = (Sample::default(), Sample::default());
        for heard in rounds {
            let first = heard
                .iter()
                .map(|one| one.first_sent_ns)
                .filter(|at| *at > 0)
                .min();
            let last = heard.iter().map(|one| one.last_read_ns).max();
            let took = ms(last.unwrap_or(0).saturating_sub(first.unwrap_or(0)));
            let count: u64 = heard.iter().map(|one| one.count).sum();
            rate.add(count as f64 / took.max(0.001));
            late.extend(
                heard
                    .iter()
                    .flat_map(|one| one.late_ns.iter().map(|ns| ms(*ns))),
            );
        }
        let sum = |of: fn(&Heard) -> u64| rounds.iter().flatten().map(of).sum::<u64>();
        let losses = format!(
            "{} lost, {} twice",
            sum(|one| one.lost),
            sum(|one| one.twice)
        );
        Self { rate, late, losses }
    }
}

fn wanted(host: &dyn Host, session: &str, until: usize) -> Wanted {
    Wanted {
        address: host.address().to_owned(),
        key: host.key().map(str::to_owned),
        path: host.events(session),
        mark: host.mark(),
        cursor: None,
        after: 0,
        until: until as u64,
    }
}

/// One turn of a session while a crowd watches, up to what the crowd heard. What never came counts as lost.
fn turn(
    host: &dyn Host,
    session: &str,
    crowd: Crowd,
    events: usize,
    rate: usize,
) -> Result<Vec<Heard>> {
    let (path, body) = host.prompt(session, &format!("n={events} rate={rate}"));
    let mut http = host.connect()?;
    std::thread::scope(|scope| {
        let asked = scope.spawn(move || http.exchange("POST", &path, &body));
        let mut heard = crowd.heard()?;
        asked.join().expect("asking does not panic")?;
        for one in &mut heard {
            one.lost += (events as u64).saturating_sub(one.count + one.lost);
        }
        Ok(heard)
    })
}

fn bursts(host: &dyn Host, kit: &Kit, watchers: usize) -> Result<Delivered> {
    let (events, mut rounds) = (kit.few(5_000), Vec::new());
    for _ in 0..if kit.quick { 1 } else { 5 } {
        let session = host.create(&mut host.connect()?)?;
        let crowd = Crowd::gather(&[wanted(host, &session, events)], watchers)?;
        rounds.push(turn(host, &session, crowd, events, 0)?);
    }
    Ok(Delivered::of(&rounds))
}

fn floor(kit: &Kit, watchers: usize) -> Result<f64> {
    let events = kit.few(5_000);
    let fountain = Fountain::start()?;
    let wanted = Wanted {
        address: fountain.address.clone(),
        key: None,
        path: "/".to_owned(),
        mark: fountain::MARK,
        cursor: None,
        after: 0,
        until: events as u64,
    };
    let crowd = Crowd::gather(&[wanted], watchers)?;
    fountain.say(events);
    let delivered = Delivered::of(&[crowd.heard()?]);
    delivered.rate.quantile(0.5).context("nothing was poured")
}

fn steady(host: &dyn Host, kit: &Kit, watchers: usize) -> Result<Delivered> {
    let events = kit.few(2_000);
    let session = host.create(&mut host.connect()?)?;
    let crowd = Crowd::gather(&[wanted(host, &session, events)], watchers)?;
    Ok(Delivered::of(&[turn(host, &session, crowd, events, RATE)?]))
}

/// Every tenth watcher reads nothing; what the server grows by from one burst to the next.
fn stalled(host: &dyn Host, kit: &Kit, watchers: usize) -> Result<Metric> {
    let (events, rounds) = (kit.few(5_000), 4);
    let session = host.create(&mut host.connect()?)?;
    let mut silent = Vec::new();
    for _ in 0..watchers / 10 {
        silent.push(host.connect()?.stream(&host.events(&session))?);
    }
    let (mut sizes, mut heard, mut cursor) = (Vec::new(), Vec::new(), None);
    for round in 0..rounds {
        let mut wanted = wanted(host, &session, (round + 1) * events);
        wanted.after = (round * events) as u64;
        wanted.cursor = cursor;
        let crowd = Crowd::gather(&[wanted], watchers - silent.len())?;
        let round = turn(host, &session, crowd, events, 0)?;
        cursor = round.first().and_then(|one| one.cursor.clone());
        heard.push(round);
        sizes.push(process::memory(host.pid())?.anonymous);
    }
    #[allow(
        clippy::cast_precision_loss,
        reason = "memory in KiB is far below 2^52"
    )]
    let grown = (sizes[rounds - 1] as f64 - sizes[0] as f64) / 1024.0;
    let metric = Metric::new(
        "m2.stalled",
        "M2 server, grown while one watcher in ten stalls",
        "MiB",
        &[grown].into_iter().collect(),
    )?;
    Ok(metric.budget(8.0, None).note(format!(
        "anonymous memory after {rounds} bursts of {events} events to {watchers} watchers: {sizes:?} KiB; of the others {}",
        Delivered::of(&heard).losses
    )))
}

/// Many sessions at once, each with its watcher and its agent.
fn many_sessions(kit: &Kit) -> Result<Vec<Metric>> {
    let (count, events) = (kit.few(200), kit.few(2_000));
    let vwm = kit.start_vwm()?;
    let mut http = vwm.connect()?;
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(vwm.create(&mut http)?);
    }
    let wanted: Vec<_> = sessions
        .iter()
        .map(|session| wanted(&vwm, session, events))
        .collect();
    let crowd = Crowd::gather(&wanted, 1)?;
    let heard = std::thread::scope(|scope| {
        let asked: Vec<_> = sessions
            .iter()
            .map(|session| {
                let (path, body) = vwm.prompt(session, &format!("n={events} rate={RATE}"));
                let vwm = &vwm;
                scope.spawn(move || vwm.connect()?.exchange("POST", &path, &body))
            })
            .collect();
        let heard = crowd.heard()?;
        for one in asked {
            one.join().expect("asking does not panic")?;
        }
        anyhow::Ok(heard)
    })?;
    let delivered = Delivered::of(&[heard]);
    let note = format!(
        "{count} sessions, {RATE} events a second each; {}",
        delivered.losses
    );
    #[allow(clippy::cast_precision_loss, reason = "sessions are few")]
    let budget = 20.0 * (count as f64 / 200.0);
    Ok(vec![
        Metric::new(
            "m2.sessions",
            "M2 many sessions at once",
            "k/s",
            &delivered.rate,
        )?
        .higher_is_better()
        // The flow itself is no more than that, and its first and last events take their time.
        .budget(budget * 0.95, None)
        .note(note.clone()),
        Metric::new(
            "m2.sessions_late",
            "M2 an event, many sessions at once",
            "ms",
            &delivered.late,
        )?
        .budget(250.0, Some(250.0))
        .note(note),
    ])
}
