//! One who watches a session from its first event to its last, over as many connections as it takes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use vwm_api::{Event, EventBody, SessionId, SessionStatus};

use super::ground::Ground;
use super::plain;

/// How long until it comes back.
const PAUSE: Duration = Duration::from_millis(30);

/// Watches until the session has ended; what was doubled or left out is a violation at once.
pub(super) fn watch(ground: &Arc<Ground>, session: SessionId) -> JoinHandle<Vec<Event>> {
    let ground = Arc::clone(ground);
    tokio::spawn(async move {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let last = events.last().map_or(0, |event| event.seq);
            let path = format!("/sessions/{session}/events?after={last}");
            if let Ok(mut frames) = plain::frames(&ground.way.url, &ground.key, &path).await {
                while let Some(Ok(frame)) = frames.next().await {
                    let last = events.last().map_or(0, |event| event.seq);
                    let seq = frame.id.as_deref().and_then(|id| id.parse::<i64>().ok());
                    let event = serde_json::from_str::<Event>(&frame.data);
                    let (Some(seq), Ok(event)) = (seq, event) else {
                        ground.tally.violation(format!(
                            "session {session}: I1: behind event {last} came a frame that is no event: {frame:?}"
                        ));
                        continue;
                    };
                    if seq != last + 1 {
                        ground.tally.violation(format!(
                            "session {session}: I1: behind event {last} came event {seq}: {:?}",
                            event.body
                        ));
                        if seq <= last {
                            continue;
                        }
                    }
                    ground.tally.events.fetch_add(1, Ordering::Relaxed);
                    let is_last = matches!(
                        event.body,
                        EventBody::Status {
                            to: SessionStatus::Ended,
                            ..
                        }
                    );
                    events.push(Event { seq, ..event });
                    if is_last {
                        return events;
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
}
