//! `examples/bot`: a webhook wakes a worker, and the answer comes back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use vwm_client::SessionFilter;
use vwm_tests::{Running, Said, World, free_port, repository, scripted_agent, vwm, within};

/// Two bodies, and their HMAC-SHA256 under [`SECRET`], by another program.
const ONE: (&str, &str) = (
    r#"{"ticket": "7", "text": "one"}"#,
    "7ce5ea4e514d512ffaa5b666537887beae14f5f3e08e5e5dc66452cfb552a7d2",
);
const RECALL: (&str, &str) = (
    r#"{"ticket": "7", "text": "RECALL"}"#,
    "acf7191e9454af6ffc7446a7b36060c81cc0b7ee6b64e29af9630199cc56ea5f",
);
const SECRET: &str = "It's a secret";

/// The bot's program, built from what stands here now; the first caller builds it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let build = "build --quiet --package vwm-client --example bot";
        let status = Command::new(env!("CARGO"))
            .args(build.split(' '))
            .current_dir(repository())
            .status();
        let is_built = status.is_ok_and(|status| status.success());
        assert!(is_built, "`cargo {build}` fails");
        let folder = vwm().parent().expect("a program is in a folder");
        folder.join("examples/bot")
    })
}

/// A bot that woke up, and who hears its answers.
struct Bot {
    _running: Running,
    url: String,
    callback: TcpListener,
}

impl Bot {
    async fn start(world: &World) -> Self {
        let callback = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let listen = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("VWM_URL", world.client().url())
            .env("VWM_API_KEY", world.key())
            .env("WORKER", "bob")
            .env("WEBHOOK_SECRET", SECRET)
            .env("CALLBACK_URL", address(&callback))
            .env("LISTEN", &listen);
        let mut running = Running::start(command, "").await;
        running.says("listening on ").await;
        Self {
            _running: running,
            url: format!("http://{listen}/hook"),
            callback,
        }
    }

    /// Delivers a webhook; returns the status.
    async fn deliver(&self, id: &str, (body, tag): (&str, &str)) -> String {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--write-out",
            "%{http_code}",
            "--output",
            "/dev/null",
        ])
        .args(["--header", &format!("X-Delivery: {id}")])
        .args(["--header", &format!("X-Signature-256: sha256={tag}")])
        .args(["--data", body, &self.url]);
        Said::by(curl).await.out
    }

    /// The next answer.
    async fn answer(&self) -> Value {
        within("the bot's answer", async {
            let (stream, _) = self.callback.accept().await.expect("somebody calls");
            take(stream).await.expect("it says something")
        })
        .await
    }
}

fn address(listener: &TcpListener) -> String {
    let address = listener.local_addr().expect("it has an address");
    format!("http://{address}/answers")
}

/// Takes one call, and answers that all is well.
async fn take(stream: TcpStream) -> std::io::Result<Value> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(given) = line.strip_prefix("content-length: ") {
            length = given.parse().unwrap_or_default();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    Ok(serde_json::from_slice(&body)?)
}

#[tokio::test]
async fn a_webhook_wakes_a_worker_the_next_one_goes_on_and_none_runs_twice() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let bot = Bot::start(&world).await;

    assert_eq!(bot.deliver("a", ONE).await, "202");
    let first = bot.answer().await;
    let session = first["session"].clone();
    let expected = json!({
        "ticket": "7", "session": session, "status": "complete", "response": "echo: one", "error": null,
    });
    assert_eq!(first, expected);

    // The same delivery again: the same answer, and nothing ran.
    assert_eq!(bot.deliver("a", ONE).await, "202");
    assert_eq!(bot.answer().await, first);

    // Another one of the ticket: the worker knows what was said before.
    assert_eq!(bot.deliver("b", RECALL).await, "202");
    let second = bot.answer().await;
    assert_eq!(second["session"], session);
    let response = second["response"].as_str().unwrap_or_default();
    assert!(response.contains("one"), "{response}");

    let client = world.client();
    let sessions = client.sessions(&SessionFilter::default()).await;
    let sessions = sessions.expect("a list").items;
    assert_eq!(sessions.len(), 1);
    let turns = client.telemetry(sessions[0].id).await.expect("turns");
    assert_eq!(turns.len(), 2);
    assert_eq!(turns[1].breadcrumbs, ["ticket:7", "delivery:b"]);
}

#[tokio::test]
async fn a_webhook_of_a_stranger_wakes_nobody() {
    let world = World::start(json!({})).await;
    let bot = Bot::start(&world).await;
    let (body, _) = ONE;
    let (_, tag) = RECALL;
    for (body, tag, status) in [(body, tag, "401"), (body, "", "401"), (body, "zz", "401")] {
        assert_eq!(bot.deliver("a", (body, tag)).await, status);
    }
    let sessions = world.client().sessions(&SessionFilter::default()).await;
    assert_eq!(sessions.expect("a list").items, []);

    // Nobody of that name works here: that is an answer, too.
    assert_eq!(bot.deliver("a", ONE).await, "202");
    let told = bot.answer().await;
    assert_eq!(
        (&told["status"], &told["session"]),
        (&json!("failed"), &Value::Null)
    );
    assert_eq!(told["error"]["message"], "Worker not found");
}
