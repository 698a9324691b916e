//! One client: lives one session after another as the schedule says, asks again whatever is lost, and notes what it was answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use vwm_api::{
    AbortRequest, AcceptedRequest, Answer, Event, EventBody, NewSession, Repository, Session,
    SessionStatus,
};
use vwm_client::{Client, ClientError};

use super::ground::{Ground, PATIENCE, WORKER};
use super::ledger::Ledger;
use super::schedule::{Deed, Life, life};
use super::work::Work;
use super::{evidence, judge, plain, suspension, watcher};

/// How often a client looks for what tells nobody.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(40);
/// Longer than the idle timeout of the server under test.
const REST: Duration = Duration::from_secs(5);

/// A session that goes on, with all that is known of it.
pub(super) struct Living {
    pub(super) ledger: Ledger,
    pub(super) watched: JoinHandle<Vec<Event>>,
}

/// Lives until there is a halt; gives the session that still stands.
pub(super) async fn drive(ground: Arc<Ground>, slot: usize) -> Option<Living> {
    for nth in 0.. {
        if ground.is_halted() {
            return None;
        }
        let life = life(ground.plan.seed, slot, nth);
        let mut driver = match Driver::begin(&ground, slot, nth, &life).await {
            Ok(driver) => driver,
            Err(fault) => {
                ground.tally.violation(fault);
                sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        driver.live(&life).await;
        if ground.is_halted() {
            return Some(driver.living);
        }
        ground.tally.count("other lives");
        judge::end(
            &ground,
            &driver.client,
            driver.living,
            judge::Haste::of(&life),
        )
        .await;
        ground.takes(slot, None);
    }
    None
}

/// What goes wrong for good is a sentence.
pub(super) type Told<T> = Result<T, String>;

struct Driver {
    ground: Arc<Ground>,
    client: Client,
    living: Living,
    nth: u64,
}

impl Driver {
    /// Makes the life's session.
    async fn begin(ground: &Arc<Ground>, slot: usize, nth: u64, life: &Life) -> Told<Self> {
        let client = ground.client().map_err(|error| format!("{error:#}"))?;
        let remote = life.on_repository.then(|| slot % ground.remotes.len());
        let repository = remote.map(|remote| Repository {
            url: ground.remotes[remote].url(),
            branch: "main".to_owned(),
        });
        let new = NewSession {
            worker_name: Some(WORKER.to_owned()),
            repository,
            ..NewSession::default()
        };
        let keyed = client.idempotent(&format!("life-{slot}-{nth}"));
        let made = timeout(PATIENCE, keyed.create_session(&new)).await;
        let session = match made {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => {
                return Err(format!("slot {slot}: a session cannot be made: {error}"));
            }
            Err(_) => return Err(format!("slot {slot}: a session was not made in time")),
        };
        ground.takes(slot, Some(session.id));
        let living = Living {
            ledger: Ledger::new(slot, session.id, remote),
            watched: watcher::watch(ground, session.id),
        };
        Ok(Self {
            ground: Arc::clone(ground),
            client,
            living,
            nth,
        })
    }

    /// Does all of its life, as long as there is no halt and nothing goes wrong for good.
    async fn live(&mut self, life: &Life) {
        for (at, step) in life.steps.iter().enumerate() {
            if self.ground.is_halted() {
                return;
            }
            sleep(step.pause).await;
            let mark = format!("m-{}-{}-{at}-", self.living.ledger.slot, self.nth);
            let done = match self.is_ready().await {
                Ok(true) => self.act(step.deed, mark).await,
                Ok(false) => return,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = done {
                self.violation(fault);
                return;
            }
        }
    }

    fn violation(&self, fault: String) {
        let Ledger { slot, session, .. } = &self.living.ledger;
        let what = format!("session {session} (slot {slot}): {fault}");
        self.ground.tally.violation(what);
        evidence::keep(&self.ground, *session);
    }

    /// Waits until the session takes prompts; one that failed for a reason of ours is tried again, once. Whether it does.
    async fn is_ready(&mut self) -> Told<bool> {
        let ledger = &self.living.ledger;
        let mut is_tried = false;
        let until = Instant::now() + PATIENCE;
        loop {
            let session = look(&self.client, ledger).await?;
            match session.status {
                SessionStatus::Active | SessionStatus::Suspended => return Ok(true),
                SessionStatus::Pending if Instant::now() > until => {
                    return Err("I3: it is pending for too long".to_owned());
                }
                SessionStatus::Pending => {}
                SessionStatus::Failed => {
                    if !self.ground.was_struck(ledger.slot, ledger.began) {
                        let why = session.status_reason.unwrap_or_default();
                        return Err(format!(
                            "it failed, and neither its harness nor its engine was killed: {why}"
                        ));
                    }
                    if is_tried {
                        return Ok(false);
                    }
                    is_tried = true;
                    self.ground.tally.count("other failed sessions");
                    self.post("resume", "").await?;
                }
                SessionStatus::Ending | SessionStatus::Ended => {
                    return Err("it ends, and nobody asked for that".to_owned());
                }
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn act(&mut self, deed: Deed, mark: String) -> Told<()> {
        match deed {
            Deed::Prompt(work) => self.prompt(work, mark).await,
            Deed::Stream(work) => self.stream(work, mark).await,
            Deed::Leave(work) => self.leave(work, mark).await,
            Deed::Write => self.write(mark).await,
            Deed::Read => self.read().await,
            Deed::Suspend => {
                suspension::hold(&self.ground, &self.client, &mut self.living.ledger).await
            }
            Deed::Abort => self.abort().await,
            Deed::Retry => self.retry(mark).await,
            Deed::Rest => {
                sleep(REST).await;
                Ok(())
            }
        }
    }

    async fn prompt(&mut self, work: Work, mark: String) -> Told<()> {
        let session = self.living.ledger.session;
        let prompt = self.words(work, &mark);
        let client = self.client.idempotent(&mark);
        let at = self.living.ledger.asks(mark, work);
        match timeout(PATIENCE, client.prompt(session, &prompt)).await {
            Ok(answer) => self.answered(at, answer),
            Err(_) => Err("a prompt was not answered in time".to_owned()),
        }
    }

    async fn stream(&mut self, work: Work, mark: String) -> Told<()> {
        let session = self.living.ledger.session;
        let prompt = self.words(work, &mark);
        let client = self.client.idempotent(&mark);
        let at = self.living.ledger.asks(mark, work);
        let read = async {
            let mut stream = client.stream(session, &prompt);
            let mut events = Vec::new();
            while let Some(event) = stream.next().await {
                events.push(event?);
            }
            Ok::<_, ClientError>(events)
        };
        let events = match timeout(PATIENCE, read).await {
            Ok(Ok(events)) => events,
            Ok(Err(error)) => return self.refused(at, &error),
            Err(_) => return Err("a turn's stream did not end in time".to_owned()),
        };
        let Some(last) = events.last() else {
            return Err("I1: a turn's stream ended without an event".to_owned());
        };
        let Some(turn) = last.request_id else {
            return Err(format!(
                "I1: a turn's stream tells of no turn: {:?}",
                last.body
            ));
        };
        if let EventBody::Complete(answer) = &last.body {
            let answer = (**answer).clone();
            self.answered(at, Ok(answer))?;
        }
        let asked = &mut self.living.ledger.asked[at];
        asked.turns = vec![turn];
        asked.streamed = Some(events);
        Ok(())
    }

    async fn leave(&mut self, work: Work, mark: String) -> Told<()> {
        let session = self.living.ledger.session;
        let prompt = self.words(work, &mark);
        let client = self.client.idempotent(&mark);
        let at = self.living.ledger.asks(mark, work);
        match timeout(PATIENCE, client.request_turn(session, &prompt)).await {
            Ok(Ok(accepted)) => {
                self.living.ledger.asked[at].turns = vec![accepted.request_id];
                Ok(())
            }
            Ok(Err(error)) => self.refused(at, &error),
            Err(_) => Err("a prompt was not taken in time".to_owned()),
        }
    }

    fn words(&self, work: Work, mark: &str) -> vwm_api::Prompt {
        let Ledger { session, .. } = self.living.ledger;
        let folder = self.living.ledger.folder();
        work.prompt(session, mark, folder, self.ground.provider_key())
    }

    fn answered(&mut self, at: usize, answer: Result<Answer, ClientError>) -> Told<()> {
        match answer {
            Ok(answer) => {
                let asked = &mut self.living.ledger.asked[at];
                asked.turns = vec![answer.request_id];
                asked.answer = Some(answer);
                Ok(())
            }
            Err(error) => self.refused(at, &error),
        }
    }

    /// Refused: it never becomes a turn. Right where too many wait, or where the session has just failed.
    fn refused(&mut self, at: usize, error: &ClientError) -> Told<()> {
        match error.status() {
            Some(409 | 429) => {
                self.ground.tally.count("other refusals");
                Ok(())
            }
            _ => {
                let mark = &self.living.ledger.asked[at].mark;
                Err(format!("prompt {mark} is not answered: {error}"))
            }
        }
    }

    async fn write(&mut self, mark: String) -> Told<()> {
        let Ledger { session, .. } = self.living.ledger;
        let path = format!("files/{mark}.txt");
        let text = format!("{mark}\n").repeat(1 + mark.len() % 7);
        // Until the answer is there, nobody knows what the folder has.
        let before = self.living.ledger.file.take();
        let written = self.client.write_file(session, &path, text.clone());
        match timeout(PATIENCE, written).await {
            Ok(Ok(())) => self.living.ledger.file = Some((path, text)),
            Ok(Err(error)) if error.is_conflict() => self.living.ledger.file = before,
            Ok(Err(error)) => return Err(format!("{path} cannot be written: {error}")),
            Err(_) => return Err(format!("{path} was not written in time")),
        }
        Ok(())
    }

    async fn read(&mut self) -> Told<()> {
        let Some((path, text)) = &self.living.ledger.file else {
            return Ok(());
        };
        let session = self.living.ledger.session;
        match timeout(PATIENCE, self.client.read_file(session, path)).await {
            Ok(Ok(bytes)) if bytes == text.as_bytes() => Ok(()),
            Ok(Ok(bytes)) => Err(format!("I5: {path} was written and now has {bytes:?}")),
            Ok(Err(error)) if error.is_conflict() => Ok(()),
            Ok(Err(error)) => Err(format!(
                "I5: {path} was written and cannot be read: {error}"
            )),
            Err(_) => Err(format!("{path} was not read in time")),
        }
    }

    async fn abort(&mut self) -> Told<()> {
        self.living.ledger.excuse_open();
        let session = self.living.ledger.session;
        let until = Instant::now() + PATIENCE;
        loop {
            match self.client.abort(session, &AbortRequest::default()).await {
                Ok(()) => self.ground.tally.count("other aborts"),
                Err(error) if error.is_conflict() => {}
                Err(error) if error.is_passing() && Instant::now() < until => {
                    sleep(LOOK_AGAIN).await;
                    continue;
                }
                Err(error) => return Err(format!("it cannot be aborted: {error}")),
            }
            return Ok(());
        }
    }

    /// Tries the last prompt again that is known not to be complete.
    async fn retry(&mut self, key: String) -> Told<()> {
        let mut asked = self.living.ledger.asked.iter().rev();
        let lost = asked.position(|asked| {
            let status = asked.status();
            status.is_some_and(|status| status != vwm_api::TurnStatus::Complete)
        });
        let Some(lost) = lost else {
            return Ok(());
        };
        let at = self.living.ledger.asked.len() - 1 - lost;
        let Some(turn) = self.living.ledger.asked[at].turns.last().copied() else {
            return Ok(());
        };
        let headers = format!("idempotency-key: retry-{key}\r\n");
        let told = self
            .post(&format!("requests/{turn}/retry"), &headers)
            .await?;
        let Some(body) = told else {
            return Ok(());
        };
        let accepted: AcceptedRequest = serde_json::from_str(&body)
            .map_err(|error| format!("the answer of /retry cannot be read ({error}): {body}"))?;
        let asked = &mut self.living.ledger.asked[at];
        asked.turns.push(accepted.request_id);
        (asked.answer, asked.at) = (None, Instant::now());
        self.ground.tally.count("other retries");
        Ok(())
    }

    /// Makes a call that our client has no name for, as often as it takes. None where it is refused as a conflict.
    async fn post(&self, call: &str, headers: &str) -> Told<Option<String>> {
        let session = self.living.ledger.session;
        post(
            &self.ground,
            &format!("/sessions/{session}/{call}"),
            headers,
        )
        .await
    }
}

/// Makes a call without a body, as often as it takes. None where it is refused as a conflict.
pub(super) async fn post(ground: &Ground, path: &str, headers: &str) -> Told<Option<String>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let line = format!("POST {path}");
        let told = plain::ask(&ground.way.url, &ground.key, &line, headers);
        match timeout(PATIENCE, told).await {
            Ok(Ok((200..=299, body))) => return Ok(Some(body)),
            Ok(Ok((409, _))) => return Ok(None),
            Ok(Ok((429 | 500.., _)) | Err(_)) if Instant::now() < until => {}
            Ok(Ok((status, body))) => return Err(format!("{path} answered {status}: {body}")),
            Ok(Err(error)) => return Err(format!("{path} cannot be asked: {error}")),
            Err(_) => return Err(format!("{path} was not answered in time")),
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// The session as it stands.
pub(super) async fn look(client: &Client, ledger: &Ledger) -> Told<Session> {
    match timeout(PATIENCE, client.session(ledger.session)).await {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(error)) => Err(format!("it cannot be read: {error}")),
        Err(_) => Err("it was not read in time".to_owned()),
    }
}
