//! One turn: open the conversation, journal `sent`, ask, listen to the end.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use vwm_api::harness::{Entry, Outcome, TurnOrder};
use vwm_api::{AgentEvent, Resume, Start, TurnStatus};

use super::cause::Cause;
use super::outcome::{Heard, failed, unheard, unjournaled, used};
use super::stalled::Watchdog;
use super::veil::Veil;
use super::{Conversation, Next, bounds, debug, next_of, warn};
use crate::adapter::{Ending, Input, Step};
use crate::artifacts::Snapshot;
use crate::state::EngineIs;

/// How long an engine may take until it can be asked something.
const OPEN: Duration = Duration::from_secs(120);
/// How long an engine may take to stop when it is asked to; then it is killed.
const STOP: Duration = Duration::from_secs(5);
/// How often a turn starts an engine that turns out to be of no use.
const LAUNCHES: u32 = 4;

/// How far a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The conversation is not open: nothing has reached the engine.
    Opening,
    /// The prompt has been sent.
    Asked,
    /// It was asked to stop.
    Stopping,
}

impl Conversation {
    pub(super) async fn turn(&mut self, order: TurnOrder) {
        let started = Instant::now();
        let before = self.snapshot().await;
        let usage_before = self.prepared.door.usage(self.subsession);
        self.prepared.door.begin(self.subsession);
        let mut heard = Heard::default();
        self.veil = Veil::default();
        self.is_unheard = false;
        self.tell_engine(EngineIs::Busy);
        let (ending, cause) = self.listen(&order, started, &mut heard).await;
        if let Some(rest) = self.veil.release(&self.prepared.secrets) {
            self.tell_masked(Some(order.turn), rest);
        }
        for lines in self.veil.take_split() {
            heard.raw.forget(&lines);
        }
        let door = &self.prepared.door;
        let counted = used(&usage_before, &door.usage(self.subsession));
        let own_tokens_out = ending.tokens_out;
        let mut outcome = Outcome {
            status: ending.status,
            response: bounds::answer(self.prepared.secrets.mask(ending.response)),
            artifacts: before
                .changed_in(&self.snapshot().await)
                .into_iter()
                .map(|path| self.prepared.secrets.mask(path))
                .collect(),
            tokens_in: counted.tokens_in.or(ending.tokens_in),
            tokens_out: counted.tokens_out.or(ending.tokens_out),
            cost_usd: ending.cost_usd,
            cost_total_usd: ending.cost_total_usd,
            model: ending.model.or(counted.model),
            duration_ms: i64::try_from(started.elapsed().as_millis()).ok(),
            raw_format: heard.any.then(|| self.prepared.adapter.format().to_owned()),
            raw: self.prepared.secrets.mask(heard.raw.into_text()),
            engine: Some(self.prepared.adapter.engine()),
            error: ending.error,
        };
        if let (None, Some(total)) = (outcome.cost_usd, outcome.cost_total_usd) {
            let earlier = self
                .journal
                .with_ledger(|ledger| ledger.cost_total(self.subsession));
            outcome.cost_usd = Some((total - earlier.unwrap_or(0.0)).max(0.0));
        }
        if outcome.status == TurnStatus::Failed
            && let Some(error) = door.last_failure(self.subsession)
        {
            // The door saw what the provider answered; the engine tells it in its own words.
            outcome.error = Some(error);
        }
        // What the engine answered in spite of it stands; how it ended is ours to say.
        match cause {
            Some(cause) if outcome.status != TurnStatus::Complete => {
                let error = cause.error(&order);
                outcome.status = error.status;
                outcome.error = Some(error);
            }
            _ => {}
        }
        if let Some(error) = &mut outcome.error {
            // An engine's own words may be among them.
            let message = self
                .prepared
                .secrets
                .mask(std::mem::take(&mut error.message));
            error.message = bounds::reason(message);
        }
        if counted.tokens_out < own_tokens_out {
            warn!(turn.id = %order.turn, door = counted.tokens_out, engine = own_tokens_out, "Engine counts more than its door");
        }
        vwm_failpoints::pass("harness.turn.ending");
        self.journal.end_turn(order.turn, outcome).await;
        vwm_failpoints::pass("harness.turn.ended");
    }

    /// Runs the turn until somebody ends it.
    async fn listen(
        &mut self,
        order: &TurnOrder,
        started: Instant,
        heard: &mut Heard,
    ) -> (Ending, Option<Cause>) {
        let deadline = started + Duration::from_secs(order.timeout_s.into());
        let mut stage = Stage::Opening;
        let (mut cause, mut launches) = (None, 0);
        let mut watchdog = Watchdog::new(self.prepared.setup.stalled_after_s, started);
        let mut is_alone = false;
        let mut stop_by = deadline;
        // A resident engine's conversation is open already.
        let mut is_open = self.engine.is_some();
        if is_open {
            self.opened = Resume::Resumed;
        }
        let (mut steps, mut gone) = (Vec::new(), false);
        loop {
            if self.engine.is_none() && !gone {
                if stage == Stage::Stopping || launches >= LAUNCHES {
                    return (
                        failed(
                            "engine_failed",
                            "the engine ended without an answer; ask again",
                            true,
                        ),
                        cause,
                    );
                }
                launches += 1;
                is_open = false;
                match self.start_engine().await {
                    Ok(first) => steps = first,
                    Err(error) => {
                        return (
                            failed("engine_failed", &vwm_api::chain(&error), true),
                            cause,
                        );
                    }
                }
            }
            if self.take_opened(&steps) {
                is_open = true;
                if self.opened == Resume::Resumed {
                    // What an old conversation tells once more is of other turns, and may hold what was secret then.
                    heard.raw.begin_again();
                }
            }
            if is_open && stage == Stage::Opening && !gone {
                if let Err(error) = self.ask(order, &mut steps).await {
                    // Not one byte of it has left: it can be asked again.
                    return (unjournaled(&error), cause);
                }
                stage = Stage::Asked;
                watchdog.hears(Instant::now());
            }
            if gone {
                self.engine = None;
            }
            if let Some(ending) = self
                .digest(
                    order,
                    &mut stage,
                    std::mem::take(&mut steps),
                    heard,
                    &mut watchdog,
                )
                .await
            {
                if stage == Stage::Opening {
                    // It will never open: the next turn needs another one.
                    self.let_go().await;
                }
                return (ending, cause);
            }
            if self.is_unheard {
                self.let_go().await;
                return (unheard(), cause);
            }
            if gone && stage != Stage::Opening {
                let message = "the engine ended in the middle of the turn; ask again";
                return (failed("engine_failed", message, true), cause);
            }
            gone = false;
            if self.engine.is_none() {
                continue;
            }
            let due = match stage {
                Stage::Opening => deadline.min(started + OPEN),
                Stage::Asked => watchdog.due().map_or(deadline, |due| deadline.min(due)),
                Stage::Stopping => stop_by,
            };
            let wait = timeout_at(due, async {
                tokio::select! {
                    biased;
                    command = self.commands.recv(), if !is_alone => Err(command),
                    next = next_of(&mut self.engine) => Ok(next),
                }
            });
            match wait.await {
                Ok(Ok(next)) => {
                    if matches!(next, Next::Line(..)) {
                        watchdog.hears(Instant::now());
                    }
                    (steps, gone) = heard.take(next);
                    self.veil.at(heard.raw.newest());
                    continue;
                }
                Ok(Err(command)) => {
                    // Nobody is left who could command: asking again would answer at once, for ever.
                    is_alone = command.is_none();
                    let reason = self.meanwhile(order, command).await;
                    cause = cause.or(reason);
                }
                Err(_) if stage != Stage::Asked => {
                    if stage == Stage::Opening && Instant::now() >= deadline {
                        // Not the start took too long, but the turn: what is told must not blame the engine.
                        cause = Some(Cause::Timeout);
                    }
                    return (
                        self.cut_off(order, stage, heard, &mut watchdog).await,
                        cause,
                    );
                }
                Err(_) if Instant::now() >= deadline => cause = Some(Cause::Timeout),
                Err(_) => {
                    let model = self.prepared.door.traffic(self.subsession);
                    if let Some(told) = watchdog.looks(Instant::now(), &model) {
                        self.tell(Some(order.turn), AgentEvent::notice("stalled", told));
                    }
                }
            }
            match (stage, cause) {
                (_, None) | (Stage::Stopping, Some(_)) => {}
                (Stage::Opening, Some(_)) => {
                    return (
                        self.cut_off(order, stage, heard, &mut watchdog).await,
                        cause,
                    );
                }
                (Stage::Asked, Some(_)) => {
                    stage = Stage::Stopping;
                    stop_by = Instant::now() + STOP;
                    if let Some(engine) = &mut self.engine {
                        steps = engine.input(self.subsession, Input::Abort);
                    }
                }
            }
        }
    }

    fn take_opened(&mut self, steps: &[Step]) -> bool {
        let opened = steps.iter().find_map(|step| match step {
            Step::Opened(_, resume) => Some(*resume),
            _ => None,
        });
        if let Some(resume) = opened {
            self.opened = resume;
        }
        opened.is_some()
    }

    /// Sends the prompt. `sent` is on disk before its first byte leaves, so that nothing is ever sent twice unknowingly.
    async fn ask(&mut self, order: &TurnOrder, steps: &mut Vec<Step>) -> std::io::Result<()> {
        let is_sent = self
            .journal
            .with_ledger(|ledger| ledger.turn(order.turn).is_some_and(|turn| turn.sent));
        // Sent already: the engine that had it said that it never took it.
        if !is_sent {
            vwm_failpoints::pass("harness.turn.opened");
            self.journal
                .append_synced(Entry::Sent { turn: order.turn })
                .await?;
        }
        vwm_failpoints::pass("harness.turn.sent");
        let start = Start {
            request_id: order.turn,
            subsession_id: order.subsession,
            engine: self.prepared.adapter.engine(),
            model: self
                .prepared
                .setup
                .worker
                .model_config
                .as_ref()
                .and_then(|config| config.model.clone()),
            settings_revision: self.prepared.setup.settings_revision,
            resume: self.opened,
        };
        self.tell(Some(order.turn), AgentEvent::Start(start));
        if let Some(engine) = &mut self.engine {
            steps.extend(engine.input(self.subsession, Input::Prompt(order.prompt.clone())));
        }
        vwm_failpoints::pass("harness.turn.asked");
        Ok(())
    }

    /// Does the steps; says how the turn ended, if it did.
    async fn digest(
        &mut self,
        order: &TurnOrder,
        stage: &mut Stage,
        steps: Vec<Step>,
        heard: &mut Heard,
        watchdog: &mut Watchdog,
    ) -> Option<Ending> {
        let mut ending = None;
        let mut relaunch = false;
        for step in steps {
            match step {
                Step::Emit(_, event) => {
                    heard.note(&event);
                    watchdog.notes(&event, Instant::now());
                    let is_text = matches!(event, AgentEvent::Text(_));
                    let is_tool = matches!(event, AgentEvent::ToolCall(_));
                    self.tell(Some(order.turn), event);
                    if is_text {
                        vwm_failpoints::pass("harness.turn.text");
                    } else if is_tool {
                        vwm_failpoints::pass("harness.turn.tool");
                    }
                }
                Step::Native(_, native) => self.called(native),
                Step::Relaunch(opening) => {
                    self.opening = opening;
                    relaunch = true;
                }
                Step::End(_, end) => ending = ending.or(Some(end)),
                Step::Opened(..) | Step::Say(_) | Step::Wake(..) => {}
            }
        }
        if relaunch {
            self.let_go().await;
            if ending.is_none() {
                debug!(turn.id = %order.turn, "Engine is started anew for the turn");
                // It never took the prompt: the next one is asked.
                if *stage == Stage::Asked {
                    *stage = Stage::Opening;
                }
            }
        }
        ending
    }

    /// Kills the engine, and takes its last words as the end.
    async fn cut_off(
        &mut self,
        order: &TurnOrder,
        mut stage: Stage,
        heard: &mut Heard,
        watchdog: &mut Watchdog,
    ) -> Ending {
        let Some(engine) = self.engine.take() else {
            return failed(
                "engine_failed",
                "the engine did not start in time; try again",
                true,
            );
        };
        let steps = engine.kill().await;
        let late = stage == Stage::Opening;
        let ending = self.digest(order, &mut stage, steps, heard, watchdog).await;
        ending.unwrap_or_else(|| {
            let message = if late {
                "the engine did not start in time; try again"
            } else {
                "the engine did not stop and was killed"
            };
            failed("engine_failed", message, true)
        })
    }

    async fn snapshot(&self) -> Snapshot {
        let (workspace, knowledge_base) = (
            self.prepared.paths.workspace(),
            self.prepared.knowledge_base(),
        );
        let taken = tokio::task::spawn_blocking(move || {
            Snapshot::take(&workspace, knowledge_base.as_deref())
        })
        .await;
        let taken = taken.map_err(std::io::Error::other).flatten();
        taken.unwrap_or_else(|error| {
            warn!(%error, "Workspace cannot be walked; artifacts will be missing");
            Snapshot::default()
        })
    }
}
