//! One running engine: its process, the dialogue with it, and the wires between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use vwm_api::SubsessionId;

use super::lines::Lines;
use crate::adapter::{Dialogue, EngineHome, Input, Opening, Said, Step};
use crate::prepared::Prepared;
use crate::process::{Exit, Process, ProcessError};

/// How much of an engine's complaints is kept.
const STDERR: usize = 8 << 10;
/// How much may wait until it reads; a prompt has at most 1 MiB.
const UNREAD: usize = 8 << 20;
/// How much of what it says may wait until it is heard: one line of the longest kind, and many of the others.
const UNHEARD: usize = 16 << 20;
/// How long its last words may take to arrive once it is gone.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A running engine.
pub(super) struct Engine {
    process: Process,
    dialogue: Box<dyn Dialogue>,
    said: mpsc::Receiver<(String, OwnedSemaphorePermit)>,
    say: mpsc::UnboundedSender<String>,
    /// Bytes that were said and that it has not read.
    unread: Arc<AtomicUsize>,
    stderr: Arc<Mutex<Vec<u8>>>,
    /// Ends when all of standard error is read.
    complaints: JoinHandle<()>,
    wakes: Vec<(Instant, u64)>,
}

/// What came of waiting.
pub(super) enum Next {
    /// It said this line, and this follows.
    Line(String, Vec<Step>),
    /// A wake was due.
    Woken(Vec<Step>),
    /// It is gone, and all that it had started.
    Exited(Vec<Step>),
}

impl Engine {
    /// Starts it behind the wall, and says what its adapter says first.
    pub(super) async fn start(
        prepared: &Prepared,
        home: &EngineHome,
        opening: &Opening,
    ) -> Result<(Self, Vec<Step>), ProcessError> {
        let open = std::slice::from_ref(opening);
        let launch = prepared.launch(home, open);
        let mut process = prepared.host.start(&launch).await?;
        let (sender, said) = mpsc::channel(256);
        let (say, mut to_say) = mpsc::unbounded_channel::<String>();
        let unread = Arc::new(AtomicUsize::new(0));
        let to_read = Arc::clone(&unread);
        let mut stdin = process.stdin();
        // A task of its own: an engine that does not read must not keep us from hearing it.
        tokio::spawn(async move {
            while let Some(line) = to_say.recv().await {
                if stdin.write_all(line.as_bytes()).await.is_err()
                    || stdin.write_all(b"\n").await.is_err()
                {
                    return;
                }
                to_read.fetch_sub(line.len(), Ordering::Relaxed);
            }
        });
        let stdout = process.stdout();
        tokio::spawn(async move {
            let mut lines = Lines::new(stdout);
            let room = Arc::new(Semaphore::new(UNHEARD));
            while let Ok(Some(line)) = lines.next().await {
                let bytes = u32::try_from(line.len().min(UNHEARD)).unwrap_or(u32::MAX);
                // One that talks faster than it is heard waits.
                let Ok(place) = Arc::clone(&room).acquire_many_owned(bytes).await else {
                    return;
                };
                if sender.send((line, place)).await.is_err() {
                    return;
                }
            }
        });
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let complaints = tokio::spawn(keep_tail(process.stderr(), Arc::clone(&stderr)));
        let dialogue = prepared.adapter.dialogue(home, open);
        let mut engine = Self {
            process,
            dialogue,
            said,
            say,
            unread,
            stderr,
            complaints,
            wakes: Vec::new(),
        };
        let steps = engine.dialogue.open();
        let steps = engine.settle(steps);
        Ok((engine, steps))
    }

    /// Waits for what comes next. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> Next {
        let due = self.wakes.iter().map(|(at, _)| *at).min();
        tokio::select! {
            biased;
            line = self.said.recv() => match line {
                Some((line, _)) => self.heard(line),
                None => {
                    // Its output ended: either it is gone, or it will say nothing any more.
                    let exit = tokio::time::timeout(LAST_WORDS, self.process.exited()).await;
                    let steps = self.dialogue.heard(Said::Eof);
                    let mut steps = self.settle(steps);
                    let exit = match exit {
                        Ok(exit) => exit,
                        Err(_) => self.process.kill().await,
                    };
                    steps.extend(self.gone(&exit).await);
                    Next::Exited(steps)
                }
            },
            () = wait_until(due), if due.is_some() => {
                let now = Instant::now();
                let (ready, later): (Vec<_>, Vec<_>) = self.wakes.drain(..).partition(|(at, _)| *at <= now);
                self.wakes = later;
                let steps = ready.into_iter().flat_map(|(_, token)| self.dialogue.woken(token)).collect();
                Next::Woken(self.settle(steps))
            }
        }
    }

    fn heard(&mut self, line: String) -> Next {
        let steps = self.dialogue.heard(Said::Line(line.clone()));
        Next::Line(line, self.settle(steps))
    }

    /// Tells it something.
    pub(super) fn input(&mut self, to: SubsessionId, input: Input) -> Vec<Step> {
        let steps = self.dialogue.input(to, input);
        self.settle(steps)
    }

    /// Kills it and all that it started.
    pub(super) async fn kill(mut self) -> Vec<Step> {
        let exit = self.process.kill().await;
        self.gone(&exit).await
    }

    async fn gone(&mut self, exit: &Exit) -> Vec<Step> {
        // What it complained about last may still be on its way; a handle is not asked again once it has answered.
        if !self.complaints.is_finished() {
            let _ = tokio::time::timeout(LAST_WORDS, &mut self.complaints).await;
        }
        let stderr = self
            .stderr
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let steps = self
            .dialogue
            .exited(exit, String::from_utf8_lossy(&stderr).trim());
        self.settle(steps)
    }

    /// Says a line. An engine that asks and asks and never reads is answered no more.
    fn say(&self, line: String) {
        let unread = self.unread.fetch_add(line.len(), Ordering::Relaxed);
        if unread > UNREAD {
            self.unread.fetch_sub(line.len(), Ordering::Relaxed);
            tracing::warn!(unread, "Engine does not read what it is told");
            return;
        }
        // Nobody listens once it is gone; its end is told by `exited`.
        let _ = self.say.send(line);
    }

    /// Does what concerns the wires; the rest is for the conversation.
    fn settle(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut rest = Vec::new();
        for step in steps {
            match step {
                Step::Say(line) => self.say(line),
                Step::Wake(after, token) => self.wakes.push((Instant::now() + after, token)),
                other => rest.push(other),
            }
        }
        rest
    }
}

async fn wait_until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

async fn keep_tail(mut from: tokio::net::UnixStream, into: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = vec![0; 4096];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..read]);
        let over = kept.len().saturating_sub(STDERR);
        kept.drain(..over);
    }
}
