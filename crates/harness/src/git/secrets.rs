//! Looks for known secrets in everything that would leave the session.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::clean::Clean;
use super::{Context, GitError};

/// How much of an object is looked at in one go.
const CHUNK: usize = 64 * 1024;

/// Fails when a secret is in what is pushed.
pub(super) async fn refuse(
    clean: &Clean<'_>,
    ctx: &Context<'_>,
    commits: &[&str],
) -> Result<(), GitError> {
    match find(clean, ctx, commits).await? {
        None => Ok(()),
        Some(place) => Err(GitError::SecretInCommit { place }),
    }
}

/// Whether a text that would leave the session holds a secret.
pub(super) fn are_in(ctx: &Context<'_>, text: &[u8]) -> bool {
    let mut secrets = ctx.secrets.iter().filter(|secret| !secret.is_empty());
    secrets.any(|secret| holds(text, secret))
}

/// Where the first secret is in the objects that `git rev-list` is asked for.
pub(super) async fn find(
    clean: &Clean<'_>,
    ctx: &Context<'_>,
    commits: &[&str],
) -> Result<Option<String>, GitError> {
    let secrets: Vec<&[u8]> = ctx
        .secrets
        .iter()
        .map(Vec::as_slice)
        .filter(|secret| !secret.is_empty())
        .collect();
    if secrets.is_empty() {
        return Ok(None);
    }
    let args: Vec<&str> = ["rev-list", "--objects"]
        .iter()
        .chain(commits)
        .copied()
        .collect();
    let list = clean.git("list what is new", &args).bytes().await?;
    let objects: Vec<(&[u8], &[u8])> = list
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[..0]),
        })
        .collect();
    let Some(at) = first_with(clean, &objects, &secrets).await? else {
        return Ok(None);
    };
    let (id, path) = objects[at];
    let place = if path.is_empty() {
        format!("the commit {}", String::from_utf8_lossy(id))
    } else {
        format!("the file {}", String::from_utf8_lossy(path))
    };
    Ok(Some(ctx.without_secrets(&place)))
}

async fn first_with(
    clean: &Clean<'_>,
    objects: &[(&[u8], &[u8])],
    secrets: &[&[u8]],
) -> Result<Option<usize>, GitError> {
    let (mut child, group) = clean.child(&["cat-file", "--batch"])?;
    let mut ask = child.stdin.take().expect("stdin is piped");
    let answer = child.stdout.take().expect("stdout is piped");
    let look = async move {
        let mut answer = BufReader::with_capacity(CHUNK, answer);
        for (at, (id, _)) in objects.iter().enumerate() {
            ask.write_all(&[*id, b"\n"].concat()).await?;
            if has_secret(&mut answer, secrets).await? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    };
    let found = look
        .await
        .map_err(GitError::file("look for secrets in what is new"))?;
    if found.is_none() {
        child
            .wait()
            .await
            .map_err(GitError::file("look for secrets in what is new"))?;
        group.release();
    }
    Ok(found)
}

/// Reads one object to its end, or to the first secret.
async fn has_secret(
    answer: &mut BufReader<tokio::process::ChildStdout>,
    secrets: &[&[u8]],
) -> std::io::Result<bool> {
    let mut header = String::new();
    answer.read_line(&mut header).await?;
    let size: Option<usize> = header
        .split_whitespace()
        .nth(2)
        .and_then(|size| size.parse().ok());
    let Some(mut left) = size else {
        return Err(std::io::Error::other(format!("git answers {header:?}")));
    };
    let overlap = secrets.iter().map(|secret| secret.len()).max().unwrap_or(1) - 1;
    let mut window = Vec::with_capacity(CHUNK + overlap);
    let mut found = false;
    while left > 0 {
        window.drain(..window.len().saturating_sub(overlap));
        let kept = window.len();
        window.resize(kept + left.min(CHUNK), 0);
        answer.read_exact(&mut window[kept..]).await?;
        left -= window.len() - kept;
        if !found && secrets.iter().any(|secret| holds(&window, secret)) {
            found = true;
        }
    }
    answer.read_u8().await?;
    Ok(found)
}

fn holds(text: &[u8], wanted: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == wanted[0]) {
        if text[from + at..].starts_with(wanted) {
            return true;
        }
        from += at + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        for text in ["sk-1", "xsk-1", "sk-sk-1x", "ssk-1"] {
            assert!(holds(text.as_bytes(), b"sk-1"), "{text}");
        }
        for text in ["", "sk-", "sk-2", "s"] {
            assert!(!holds(text.as_bytes(), b"sk-1"), "{text}");
        }
    }
}
