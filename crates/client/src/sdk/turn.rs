//! One turn as it goes on: files up, the prompt and its events, files down.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use vwm_api::{Answer, EventBody, RequestView, TurnId, TurnStatus};

use super::{
    Envelope, MissingFile, NO_RESPONSE, TurnArgs, TurnProgress, TurnResult, VwSession,
    WorkspaceFile,
};
use crate::error::ClientError;
use crate::events::EventStream;

/// One turn: a stream of envelopes, and a result at its end. Dropping the future of `next` loses nothing.
pub struct Turn {
    steps: BoxStream<'static, Step>,
    result: Option<Result<TurnResult, ClientError>>,
}

/// What comes next.
enum Step {
    Tell(Envelope),
    End(Box<Result<TurnResult, ClientError>>),
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn")
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}

impl Turn {
    pub(super) fn begin(session: VwSession, args: TurnArgs) -> Self {
        let running = Running {
            session,
            args,
            ready: VecDeque::from([status(TurnProgress::Started, "the turn begins")]),
            turn: None,
        };
        let begun = Some((running, Stage::Files));
        let steps = stream::unfold(begun, async |begun| {
            let (running, stage) = begun?;
            Some(running.step(stage).await)
        });
        Self {
            steps: steps.boxed(),
            result: None,
        }
    }

    /// Returns the next envelope; none when the turn is over.
    pub async fn next(&mut self) -> Option<Envelope> {
        StreamExt::next(self).await
    }

    /// Returns what is left of the turn when it is over; envelopes that were not read are skipped. A turn that ran and failed has a
    /// result; one that could not run, or whose end could not be learned, is an error.
    pub async fn result(mut self) -> Result<TurnResult, ClientError> {
        while self.next().await.is_some() {}
        self.result.expect("a turn ends with its result")
    }
}

impl Stream for Turn {
    type Item = Envelope;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Envelope>> {
        if self.result.is_some() {
            return Poll::Ready(None);
        }
        self.steps.as_mut().poll_next(cx).map(|step| match step? {
            Step::Tell(envelope) => Some(envelope),
            Step::End(result) => {
                self.result = Some(*result);
                None
            }
        })
    }
}

/// Where a turn is.
enum Stage {
    Files,
    Events(EventStream),
    Answered(Box<Answer>),
    Over(Box<Result<TurnResult, ClientError>>),
}

struct Running {
    session: VwSession,
    args: TurnArgs,
    /// What is to be told before anything else happens.
    ready: VecDeque<Envelope>,
    /// Its name, once the server gave it one.
    turn: Option<TurnId>,
}

impl Running {
    async fn step(mut self, mut stage: Stage) -> (Step, Option<(Self, Stage)>) {
        loop {
            if let Some(envelope) = self.ready.pop_front() {
                return (Step::Tell(envelope), Some((self, stage)));
            }
            let next = match stage {
                Stage::Files => ask(&self.session, &self.args).await.map(Stage::Events),
                Stage::Events(events) => self.listen(events).await,
                Stage::Answered(answer) => Ok(self.settle(*answer).await),
                Stage::Over(result) => return (Step::End(result), None),
            };
            stage = next.unwrap_or_else(|error| {
                let message = vwm_api::chain(&error);
                self.fail(&message);
                Stage::Over(Box::new(Err(error)))
            });
        }
    }

    async fn listen(&mut self, mut events: EventStream) -> Result<Stage, ClientError> {
        let Some(event) = events.next().await else {
            let answer = self.without_complete().await?;
            return Ok(Stage::Answered(Box::new(answer)));
        };
        let event = event?;
        self.turn = event.request_id.or(self.turn);
        let stage = match &event.body {
            EventBody::Complete(answer) => Stage::Answered(answer.clone()),
            _ => Stage::Events(events),
        };
        self.ready.push_back(Envelope::Event(event));
        Ok(stage)
    }

    /// What the server knows of a turn whose events are over without an answer.
    async fn without_complete(&self) -> Result<Answer, ClientError> {
        let client = self.session.client()?;
        let Some(turn) = self.turn else {
            return Err(client.unexpected("a turn without any event".to_owned()));
        };
        let view = client.request(self.session.id(), turn).await?;
        let mut answer = view.answer.clone().unwrap_or_else(|| unanswered(&view));
        if answer.response.is_empty() {
            NO_RESPONSE.clone_into(&mut answer.response);
        }
        Ok(answer)
    }

    /// Fetches what the turn made, and tells how it ended. A file that is missing does not undo an answer.
    async fn settle(&mut self, answer: Answer) -> Stage {
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        if answer.status == TurnStatus::Complete {
            for path in std::mem::take(&mut self.args.output_file_paths) {
                match self.session.read_file(&path).await {
                    Ok(content) => files.push(WorkspaceFile { path, content }),
                    Err(error) => {
                        let message = vwm_api::chain(&error);
                        self.tell_error(format!("cannot download {path}: {message}"));
                        missing.push(MissingFile { path, message });
                    }
                }
            }
            let status = status(TurnProgress::Completed, "the turn is complete");
            self.ready.push_back(status);
        } else {
            let why = answer.error.as_ref().map(|error| error.message.clone());
            self.fail(&why.unwrap_or_else(|| NO_RESPONSE.to_owned()));
        }
        let result = self.session.keep(TurnResult {
            prompt_response: answer,
            session_id: self.session.id(),
            turn_index: 0,
            downloaded_files: files,
            missing_files: missing,
        });
        Stage::Over(Box::new(Ok(result)))
    }

    fn fail(&mut self, message: &str) {
        self.tell_error(message.to_owned());
        self.ready.push_back(status(TurnProgress::Failed, message));
    }

    fn tell_error(&mut self, message: String) {
        self.ready.push_back(Envelope::Error { message });
    }
}

fn status(status: TurnProgress, message: &str) -> Envelope {
    Envelope::Status {
        status,
        message: message.to_owned(),
    }
}

/// What can be said of a turn that has no answer.
fn unanswered(view: &RequestView) -> Answer {
    Answer {
        request_id: view.request_id,
        status: view.status,
        subsession_id: view.subsession_id,
        response: String::new(),
        artifacts: Vec::new(),
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        model: None,
        duration_ms: None,
        raw: None,
        error: None,
        retry_of: None,
    }
}

/// Writes a turn's files and sends its prompt.
async fn ask(session: &VwSession, args: &TurnArgs) -> Result<EventStream, ClientError> {
    for file in &args.input_files {
        let content = file.content.clone();
        session.upload_file(&file.path, content).await?;
    }
    Ok(session.client()?.stream(session.id(), &args.to_prompt()))
}
