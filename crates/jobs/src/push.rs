//! A push from a bundle on this machine: the same binary once more, which nothing of the server's environment reaches.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use vwm_api::harness::{PROGRAMS, PushAnswer, PushOrder};

use crate::JobError;

/// How long the program may take; it gives up by itself before that.
pub(crate) const BOUNDS: Bounds = Bounds {
    answer: Duration::from_secs(330),
    end: Duration::from_secs(15),
};
/// More than any answer.
const MAX_ANSWER: u64 = 64 * 1024;

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// For the answer.
    pub(crate) answer: Duration,
    /// For the program's own end, once nobody listens to it any more.
    pub(crate) end: Duration,
}

/// Runs the program to its answer. It ends, with all that it started, when nobody reads what it prints: also when this is given up.
pub(crate) async fn run(
    program: &Path,
    order: &PushOrder,
    bounds: Bounds,
) -> Result<PushAnswer, JobError> {
    let failed = |source| JobError::Start {
        program: program.to_owned(),
        source,
    };
    let mut child = Command::new(program)
        // Who looks for it with ps finds it by this name.
        .arg0("vwm")
        .arg("push-bundle")
        .env_clear()
        .env("PATH", PROGRAMS)
        .envs(vwm_failpoints::environment_of("push"))
        .current_dir("/")
        // A Ctrl-C that means the server lets it end in order.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut line = serde_json::to_vec(order).map_err(|e| failed(e.into()))?;
    line.push(b'\n');
    let (listens, gone) = oneshot::channel::<()>();
    let ended = tokio::spawn(see_off(child, gone, bounds.end));

    let talk = async move {
        // A program that ends early says why on standard error, and gives no answer.
        let _ = stdin.write_all(&line).await;
        drop(stdin);
        let mut said = Vec::new();
        let mut answers = BufReader::new(stdout.take(MAX_ANSWER));
        answers.read_until(b'\n', &mut said).await.map(|_| said)
    };
    let said = tokio::time::timeout(bounds.answer, talk).await;
    drop(listens);
    let ended = ended.await.map_err(io::Error::other).flatten();
    let why = match said {
        Ok(Ok(said)) if said.ends_with(b"\n") => match serde_json::from_slice(&said) {
            Ok(answer) => return Ok(answer),
            Err(error) => format!("what it says cannot be read: {error}"),
        },
        Ok(Ok(_)) => match ended {
            Ok(status) => format!("it ended with {status}"),
            Err(error) => error.to_string(),
        },
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it took more than {} s", bounds.answer.as_secs()),
    };
    Err(JobError::Push {
        branch: order.branch.clone(),
        why,
    })
}

/// Waits for the program's end; when nobody listens any more, not for ever.
async fn see_off(
    mut child: Child,
    gone: oneshot::Receiver<()>,
    patience: Duration,
) -> io::Result<ExitStatus> {
    tokio::select! {
        status = child.wait() => return status,
        // Nothing is ever sent: it is dropped.
        _ = gone => {}
    }
    if let Ok(status) = tokio::time::timeout(patience, child.wait()).await {
        return status;
    }
    child.kill().await?;
    child.wait().await
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;
    use tokio::net::unix::pipe;
    use vwm_api::{RepositoryRole, SessionId};

    use super::*;

    const SOON: Bounds = Bounds {
        answer: Duration::from_secs(60),
        end: Duration::from_millis(50),
    };

    /// A program that is a shell script, and an order.
    fn stage(script: &str) -> (TempDir, PathBuf, PushOrder) {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("program");
        let text = format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display());
        let draft = folder.path().join("draft");
        std::fs::write(&draft, text).expect("a script");
        // By another process: a file that a fork of ours holds open for writing cannot be run.
        let mut install = std::process::Command::new("install");
        install.arg("--mode=700").args([&draft, &program]);
        assert!(install.status().expect("install runs").success());
        let order = PushOrder {
            session: SessionId::new(),
            repository: RepositoryRole::SessionRepository,
            url: "https://example.org/a.git".into(),
            base: "main".into(),
            branch: "session-1".into(),
            sha: "0".repeat(40),
            bundle: "b".into(),
            scratch: "s".into(),
            volumes: "v".into(),
            local_repositories: false,
        };
        (folder, program, order)
    }

    #[tokio::test]
    async fn the_program_reads_its_order_and_its_first_line_is_the_answer() {
        let script =
            r#"read order; echo "$1 $order" > told; env > env; echo '"pushed"'; echo more"#;
        let (folder, program, order) = stage(script);
        let answer = run(&program, &order, SOON).await.expect("it answers");
        assert_eq!(answer, PushAnswer::Pushed);
        let told = std::fs::read_to_string(folder.path().join("told")).expect("was told");
        let line = serde_json::to_string(&order).expect("serializes");
        assert_eq!(told, format!("push-bundle {line}\n"));
        let env = std::fs::read_to_string(folder.path().join("env")).expect("has one");
        assert!(env.lines().all(|it| !it.starts_with("CARGO")), "{env}");
    }

    #[tokio::test]
    async fn a_program_without_an_answer_is_an_error_that_says_how_it_ended() {
        let cases = [
            ("exit 3", "it ended with exit status: 3"),
            ("echo pushed", "what it says cannot be read"),
        ];
        for (script, says) in cases {
            let (_folder, program, order) = stage(script);
            let error = run(&program, &order, SOON).await.expect_err("no answer");
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_killed_when_its_time_is_up_or_nobody_waits_for_it() {
        let script = "exec 3> alive; echo x >&3; exec sleep 1000";
        let (folder, program, order) = stage(script);
        let alive = folder.path().join("alive");
        let made = std::process::Command::new("mkfifo").arg(&alive).status();
        assert!(made.expect("mkfifo runs").success());
        let open = || pipe::OpenOptions::new().open_receiver(&alive);
        let mut first = [0; 2];

        let mut life = open().expect("a pipe");
        {
            let push = run(&program, &order, SOON);
            tokio::select! {
                ended = push => panic!("it ended: {ended:?}"),
                read = life.read_exact(&mut first) => read.expect("it lives"),
            };
        }
        // The pipe ends with the last process that holds it.
        assert_eq!(life.read(&mut first).await.expect("it is dead"), 0);

        let mut life = open().expect("a pipe");
        let bounds = Bounds {
            answer: Duration::from_millis(200),
            ..SOON
        };
        let error = run(&program, &order, bounds).await.expect_err("too late");
        assert!(error.to_string().contains("it took more than"), "{error}");
        let mut rest = Vec::new();
        life.read_to_end(&mut rest).await.expect("it is dead");
    }
}
