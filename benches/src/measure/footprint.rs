//! M8: what is installed, how soon it serves, what it holds while nobody asks for anything. Of the programs that are shipped.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::clock::{ms, now_ns};
use crate::host::{self, Server};
use crate::process;
use crate::report::Metric;
use crate::run::Kit;
use crate::sample::Sample;

/// After so long without a call a server is idle.
const IDLE: Duration = Duration::from_secs(2);

pub(super) fn measure(kit: &Kit, metrics: &mut Vec<Metric>) -> Result<()> {
    let (vwm, harness) = (kit.dist.join("vwm"), kit.dist.join("vwm-harness"));
    let todo = "build what is shipped: `cargo build --profile dist -p vwm -p vwm-harness`";
    let megabytes = |path: &Path| -> Result<Sample> {
        let bytes = process::size(path).context(todo)?;
        #[allow(clippy::cast_precision_loss, reason = "a program has megabytes")]
        let megabytes = bytes as f64 / 1e6;
        Ok([megabytes].into_iter().collect())
    };
    let (vwm_size, harness_size) = (megabytes(&vwm)?, megabytes(&harness)?);
    let ours = start(kit, |folder| host::serve_vwm(&vwm, folder, None), true)?;
    let first = start(kit, |folder| host::serve_vwm(&vwm, folder, None), false)?;
    let peer = match &kit.peer {
        Some(program) => start(kit, |folder| host::serve_peer(program, folder), true)
            .and_then(|started| Ok(Some((megabytes(program)?, started))))
            .context("sandbox-agent"),
        None => Ok(None),
    };
    let theirs = peer.as_ref().ok().and_then(Option::as_ref);
    metrics.push(
        Metric::new("m8.vwm", "M8 vwm on disk", "MB", &vwm_size)?
            .budget(40.0, None)
            .peer(theirs.map(|(size, _)| size)),
    );
    metrics.push(
        Metric::new("m8.harness", "M8 vwm-harness on disk", "MB", &harness_size)?
            .budget(10.0, None),
    );
    let pss = ours.pss.quantile(0.5).unwrap_or_default();
    metrics.push(
        Metric::new("m8.idle", "M8 an idle server", "MB", &ours.rss)?
            .budget(25.0, None)
            .peer(theirs.map(|(_, started)| &started.rss))
            .note(format!("RSS; its PSS is {pss:.1} MB")),
    );
    let first = first.ready.quantile(0.5).unwrap_or_default();
    metrics.push(
        Metric::new("m8.start", "M8 start → ready", "ms", &ours.ready)?
            .budget(20.0, None)
            .peer(theirs.map(|(_, started)| &started.ready))
            .floor("a spawn", kit.floors.spawn.p50)
            .note(format!(
                "until GET /health answers, on a data directory that is there; on a new one, whose database is made first, {first:.1} ms"
            )),
    );
    peer.map(|_| ())
}

struct Started {
    ready: Sample,
    rss: Sample,
    pss: Sample,
}

/// Starts a server again and again, in the same folder or each time in a new one.
fn start(kit: &Kit, serve: impl Fn(&Path) -> Result<Server>, again: bool) -> Result<Started> {
    let kept = kit.scratch.folder("start-")?;
    let (mut ready, mut rss, mut pss) = (Sample::default(), Sample::default(), Sample::default());
    if again {
        drop(serve(kept.path())?);
    }
    for round in 0..kit.few(30) {
        let new = kit.scratch.folder("start-")?;
        let folder = if again { &kept } else { &new };
        let begin = now_ns();
        let server = serve(folder.path())?;
        ready.add(ms(now_ns() - begin));
        if again && round < 3 {
            std::thread::sleep(IDLE);
            let memory = process::memory(server.pid())?;
            #[allow(clippy::cast_precision_loss, reason = "a server has megabytes")]
            let megabytes = |kib: u64| kib as f64 * 1024.0 / 1e6;
            rss.add(megabytes(memory.rss));
            pss.add(megabytes(memory.pss));
        }
    }
    Ok(Started { ready, rss, pss })
}
