//! A bot: an incoming webhook wakes a worker, and the answer goes to a callback.
//!
//! `POST /hook` takes `{"ticket": "7", "text": "…"}` with `X-Delivery: ID` and `X-Signature-256: sha256=HEX`, the HMAC of the body under
//! `WEBHOOK_SECRET`. It answers 202 at once. The ticket's session goes on where there is one, else one is started. A delivery that comes twice
//! runs nothing twice: its id makes the idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use vwm_api::{Answer, OnBusy, Prompt, SessionStatus};
use vwm_client::{Client, ClientError, SessionFilter, SessionOptions, VirtualWorker, VwSession};

/// How long the server may be away before a delivery is given up.
const PATIENCE: Duration = Duration::from_secs(300);

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Bot {
    client: Client,
    worker: String,
    secret: String,
    callback: String,
    http: reqwest::Client,
    /// Held while a ticket's session is looked for, so that two deliveries do not start two.
    finding: Mutex<()>,
}

/// What a webhook says.
#[derive(Debug, Deserialize)]
struct Hook {
    ticket: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let bot = Bot {
        client: Client::new(&variable("VWM_URL")?, &variable("VWM_API_KEY")?)?.patient(PATIENCE),
        worker: variable("WORKER")?,
        secret: variable("WEBHOOK_SECRET")?,
        callback: variable("CALLBACK_URL")?,
        http: reqwest::Client::new(),
        finding: Mutex::default(),
    };
    let listener = TcpListener::bind(variable("LISTEN")?).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let router = axum::Router::new()
        .route("/hook", post(hook))
        .with_state(Arc::new(bot));
    axum::serve(listener, router).await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "an example has no config.rs")]
fn variable(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|_| format!("set {name}").into())
}

/// Takes a delivery, and works on it after the answer: who sends webhooks waits for seconds, a worker takes minutes.
async fn hook(
    State(bot): State<Arc<Bot>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !is_signed(&bot.secret, header("x-signature-256"), &body) {
        return (
            StatusCode::UNAUTHORIZED,
            "the signature is not that of this body\n",
        );
    }
    let Some(delivery) = header("x-delivery").map(str::to_owned) else {
        return (StatusCode::BAD_REQUEST, "X-Delivery is missing\n");
    };
    let Ok(hook) = serde_json::from_slice::<Hook>(&body) else {
        return (StatusCode::BAD_REQUEST, "send {\"ticket\", \"text\"}\n");
    };
    tokio::spawn(async move {
        if let Err(error) = bot.work(&hook, &delivery).await {
            eprintln!("delivery {delivery} of ticket {}: {error}", hook.ticket);
        }
    });
    (StatusCode::ACCEPTED, "")
}

/// Compares in constant time.
fn is_signed(secret: &str, signature: Option<&str>, body: &[u8]) -> bool {
    let hex = signature.and_then(|it| it.strip_prefix("sha256="));
    let tag = hex.and_then(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes()).ok());
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let (Some(tag), Ok(mac)) = (tag, mac) else {
        return false;
    };
    mac.chain_update(body).verify_slice(&tag).is_ok()
}

impl Bot {
    async fn work(&self, hook: &Hook, delivery: &str) -> Result<(), Failure> {
        let told = match self.answer(hook, delivery).await {
            Ok((session, answer)) => json!({
                "ticket": hook.ticket, "session": session.id(), "status": answer.status,
                "response": answer.response, "error": answer.error,
            }),
            Err(error) => json!({
                "ticket": hook.ticket, "session": null, "status": "failed",
                "response": "", "error": {"message": vwm_api::chain(&error)},
            }),
        };
        let told = self.http.post(&self.callback).json(&told);
        told.send().await?.error_for_status()?;
        Ok(())
    }

    async fn answer(
        &self,
        hook: &Hook,
        delivery: &str,
    ) -> Result<(VwSession, Answer), ClientError> {
        let session = self.session(hook, delivery).await?;
        let prompt = Prompt {
            prompt: hook.text.clone(),
            subsession_id: None,
            timeout: None,
            breadcrumbs: vec![format!("delivery:{delivery}")],
            on_busy: OnBusy::Queue,
        };
        let client = self.client.idempotent(&format!("prompt-{delivery}"));
        let answer = client.prompt(session.id(), &prompt).await?;
        Ok((session, answer))
    }

    /// The ticket's session that takes prompts, else a new one.
    async fn session(&self, hook: &Hook, delivery: &str) -> Result<VwSession, ClientError> {
        let _one_at_a_time = self.finding.lock().await;
        let breadcrumb = format!("ticket:{}", hook.ticket);
        let filter = SessionFilter {
            breadcrumb: Some(breadcrumb.clone()),
            ..SessionFilter::default()
        };
        let sessions = self.client.sessions(&filter).await?;
        let mut open = sessions.items.iter().filter(|session| {
            matches!(
                session.status,
                SessionStatus::Active | SessionStatus::Suspended
            )
        });
        let client = self.client.idempotent(&format!("session-{delivery}"));
        let worker = VirtualWorker::new(client, &self.worker);
        if let Some(session) = open.next() {
            return Ok(worker.reconnect_session(session.id));
        }
        let options = SessionOptions {
            breadcrumbs: vec![breadcrumb],
            ..SessionOptions::default()
        };
        worker.start_session(options).await
    }
}
