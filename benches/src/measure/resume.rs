//! M5: from a prompt to a session whose harness was killed, until the engine has it.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::clock::{ms, now_ns};
use crate::host::{Host, Vwm};
use crate::http::Http;
use crate::marker::stamps;
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let vwm = kit.start_vwm()?;
    let mut http = vwm.connect()?;
    let session = vwm.create(&mut http)?;
    let watch = vwm.watch(&session)?;
    watch.until(r#""to":"active""#, r#""to":"failed""#)?;
    let mut warm = Sample::default();
    for _ in 0..kit.few(200) {
        warm.add(until_the_engine_has_it(&vwm, &mut http, &session)?);
    }
    let mut resumed = Sample::default();
    for _ in 0..kit.few(60) {
        vwm.kill_harness(&session)?;
        watch.until(r#""to":"suspended""#, r#""to":"failed""#)?;
        resumed.add(until_the_engine_has_it(&vwm, &mut http, &session)?);
    }
    let warm = warm.quantile(0.5).context("nothing was measured")?;
    let (engine, floors) = (kit.bare.resume.p50, &kit.floors);
    metrics.push(
        Metric::new(
            "m5.resume",
            "M5 resume after the harness was killed",
            "ms",
            &resumed.less(warm + engine),
        )?
        .budget(20.0, None)
        .floor(
            "two spawns and three fdatasync",
            2.0 * floors.spawn.p50 + 3.0 * floors.fdatasync.p50,
        )
        .note(format!(
            "taken off: a warm prompt, {warm:.2} ms until the engine has it, and the engine's own start and load, {engine:.2} ms; sandbox-agent cannot resume"
        )),
    );
    Ok(())
}

/// From the first byte of a prompt to the agent's stamp in its answer.
fn until_the_engine_has_it(vwm: &Vwm, http: &mut Http, session: &str) -> Result<f64> {
    let (path, body) = vwm.prompt(session, "n=1");
    let start = now_ns();
    let answer = http.exchange("POST", &path, &body)?;
    let answer: Value = serde_json::from_slice(&answer)?;
    let stamp = stamps(answer["response"].as_str().unwrap_or_default()).next();
    let stamp = stamp.with_context(|| format!("an answer without a stamp: {answer}"))?;
    Ok(ms(stamp.sent_ns.saturating_sub(start)))
}
