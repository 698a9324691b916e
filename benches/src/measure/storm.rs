//! M7: all watchers of a session drop and come back with their cursors.

use anyhow::{Context, Result, ensure};

use crate::clock::{ms, now_ns};
use crate::crowd::{Crowd, Wanted};
use crate::fountain::{self, Fountain};
use crate::host::Host;
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;

/// Events that are said before they drop, and while they are away.
const BEFORE: u64 = 50;
const MEANWHILE: u64 = 100;

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let watchers = kit.few(5_000);
    let floor = floor(watchers)?;
    let vwm = kit.start_vwm()?;
    let mut took = Sample::default();
    let (mut lost, mut twice) = (0, 0);
    for _ in 0..if kit.quick { 1 } else { 5 } {
        let session = vwm.create(&mut vwm.connect()?)?;
        let say = |events: u64| -> Result<()> {
            let (path, body) = vwm.prompt(&session, &format!("n={events}"));
            vwm.connect()?.exchange("POST", &path, &body)?;
            Ok(())
        };
        say(BEFORE)?;
        let mut wanted = Wanted {
            address: vwm.address().to_owned(),
            key: vwm.key().map(str::to_owned),
            path: vwm.events(&session),
            mark: vwm.mark(),
            cursor: None,
            after: 0,
            until: BEFORE,
        };
        let first = Crowd::gather(std::slice::from_ref(&wanted), watchers)?.heard()?;
        // Each hung up when it had them.
        let cursor = first.first().and_then(|one| one.cursor.clone());
        wanted.cursor = Some(cursor.context("frames have ids")?);
        (wanted.after, wanted.until) = (BEFORE, BEFORE + MEANWHILE);
        say(MEANWHILE)?;
        let began = now_ns();
        let back = Crowd::gather(&[wanted], watchers)?.heard()?;
        ensure!(back.len() == watchers, "only {} came back", back.len());
        let last = back.iter().map(|one| one.last_read_ns).max();
        took.add(ms(last.unwrap_or(0).saturating_sub(began)));
        lost += back
            .iter()
            .map(|one| MEANWHILE - one.count.min(MEANWHILE))
            .sum::<u64>();
        twice += back.iter().map(|one| one.twice).sum::<u64>();
    }
    metrics.push(
        Metric::new("m7.storm", "M7 watchers drop and come back", "ms", &took)?
            .budget(1_000.0, None)
            .floor("the same from a server that looks nothing up", floor)
            .note(format!(
                "{watchers} watchers, from the first connection until all have the {MEANWHILE} events that were said meanwhile; {lost} lost, {twice} twice; sandbox-agent keeps nothing to come back to"
            )),
    );
    Ok(())
}

fn floor(watchers: usize) -> Result<f64> {
    let fountain = Fountain::start()?;
    fountain.say(usize::try_from(MEANWHILE)?);
    let wanted = Wanted {
        address: fountain.address.clone(),
        key: None,
        path: "/".to_owned(),
        mark: fountain::MARK,
        cursor: None,
        after: 0,
        until: MEANWHILE,
    };
    let began = now_ns();
    let heard = Crowd::gather(&[wanted], watchers)?.heard()?;
    let last = heard.iter().map(|one| one.last_read_ns).max();
    Ok(ms(last.unwrap_or(0).saturating_sub(began)))
}
