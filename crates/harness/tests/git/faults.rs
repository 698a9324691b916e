//! Remotes that are not there, or do not want: a sentence that says what to do, and never a credential.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use vwm_harness::git::GitError;

use crate::kit::{Lab, TWO_COMMITS, codes};

/// A web server that wants a password, and remembers what it was told.
pub(crate) fn locked_door() -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n")
                && stream.read(&mut byte).is_ok_and(|read| read == 1)
            {
                request.push(byte[0]);
            }
            // The test may be over.
            let _ = tell.send(String::from_utf8_lossy(&request).into_owned());
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    (port, told)
}

#[tokio::test]
async fn a_repository_or_branch_that_is_not_there_is_named() {
    let mut lab = Lab::new(TWO_COMMITS);
    let url = lab.repo.url.clone();
    lab.repo.base = "dev".into();
    assert_eq!(
        lab.refused().await.to_string(),
        format!("the repository {url} has no branch dev; it has main")
    );
    lab.repo.base = "main".into();
    lab.repo.url = format!("{url}x");
    assert_eq!(
        lab.refused().await.to_string(),
        format!(
            "there is no repository at {url}x, or it is not visible; check the address and who may read it"
        )
    );
    assert!(!lab.repo.tree.exists());
    lab.repo.url = url;
    lab.prepare().await;
}

#[tokio::test]
async fn a_password_is_asked_of_nobody_and_a_given_one_is_shown_to_nobody() {
    let (port, told) = locked_door();
    let mut lab = Lab::new("");
    lab.repo.url = format!("http://127.0.0.1:{port}/a.git");
    let refused = lab.refused().await;
    assert!(
        matches!(refused, GitError::NeedsCredential { .. }),
        "{refused}"
    );
    assert!(
        !told
            .try_iter()
            .any(|request| request.contains("Authorization"))
    );
    lab.repo.url = format!("http://bob:s3cret@127.0.0.1:{port}/a.git");
    let refused = lab.refused().await;
    assert!(
        matches!(refused, GitError::NeedsCredential { .. }),
        "{refused}"
    );
    assert!(
        !format!("{refused} {refused:?}").contains("s3cret"),
        "{refused:?}"
    );
    // It was sent where it belongs.
    assert!(
        told.try_iter()
            .any(|request| request.contains("Authorization: Basic Ym9iOnMzY3JldA=="))
    );
    assert!(!holds(&lab.path("s"), b"s3cret"));
}

#[tokio::test]
async fn a_host_that_does_not_answer_may_answer_later() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|it| it.local_addr())
        .expect("a port")
        .port();
    let mut lab = Lab::new("");
    lab.repo.url = format!("http://127.0.0.1:{port}/a.git");
    let refused = lab.refused().await;
    assert!(
        matches!(refused, GitError::Unreachable { .. }) && refused.is_retryable(),
        "{refused}"
    );
}

#[tokio::test]
async fn local_repositories_are_refused_where_they_may_not_be() {
    let lab = Lab::new(TWO_COMMITS);
    let mut context = lab.context();
    context.local_repositories = false;
    let refused = lab.repo.prepare(&context).await.expect_err("not allowed");
    assert!(matches!(refused, GitError::Url { .. }), "{refused}");
}

#[tokio::test]
async fn a_push_that_the_remote_refuses_says_why_and_goes_well_later() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("echo mine > mine.txt").await;
    lab.collect().await;
    lab.sh("printf '#!/bin/sh\\necho closed on sundays >&2; exit 1\\n' > remote.git/hooks/pre-receive; chmod +x remote.git/hooks/pre-receive");
    let refused = lab.repo.push(&lab.context()).await.expect_err("refused");
    assert!(
        matches!(&refused, GitError::PushRefused { tail, .. } if tail.contains("closed on sundays")),
        "{refused}"
    );
    lab.sh("mv remote.git away.git");
    let gone = lab.repo.push(&lab.context()).await.expect_err("gone");
    assert!(matches!(gone, GitError::NoRepository { .. }), "{gone}");
    lab.sh("mv away.git remote.git && rm remote.git/hooks/pre-receive");
    assert!(lab.push().await.sha.is_some());
    lab.sh(&format!(
        "git --git-dir=remote.git update-ref refs/heads/{} main",
        lab.repo.branch
    ));
    assert!(lab.push().await.sha.is_some());
    lab.sh(&format!("cd seed && git checkout -q -b theirs && git commit -q --allow-empty -m theirs && git push -qf ../remote.git theirs:{}", lab.repo.branch));
    let refused = lab
        .repo
        .push(&lab.context())
        .await
        .expect_err("never by force");
    assert!(matches!(refused, GitError::BranchTaken { .. }), "{refused}");
}

/// Whether any file below a folder holds a text.
fn holds(folder: &Path, text: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            holds(&path, text)
        } else {
            std::fs::read(&path)
                .is_ok_and(|content| content.windows(text.len()).any(|window| window == text))
        }
    })
}

#[tokio::test]
async fn repositories_that_hang_git_are_kept_as_files_and_hold_nothing_up_for_long() {
    let mut lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does(
        "hang() { rm $1/.git/HEAD; mkfifo $1/.git/HEAD; }
         hang .; echo work > work.txt
         for n in 1 2 3 4 5 6 7 8 9 10 11 12; do git init -q nested$n; echo $n > nested$n/n.txt; hang nested$n; done",
    )
    .await;
    lab.patience = Duration::from_secs(3);
    let begun = Instant::now();
    let gathered = lab.collect().await;
    let took = begun.elapsed();
    // As long as one call for the tree, together as long again for what is only read where it can be, and the work itself.
    assert!(took < Duration::from_secs(30), "{took:?}");
    let own = &gathered.notices[..3];
    assert_eq!(
        codes(own),
        ["tree_unusable", "commits_not_kept", "files_archived"]
    );
    assert!(own[1].message.starts_with("not all commits of its own are kept: cannot read a nested repository inside the session's wall: "));
    let nested = codes(&gathered.notices[3..]);
    assert_eq!(nested, ["nested_repository"; 24]);
    let last = gathered
        .notices
        .iter()
        .rev()
        .find(|it| it.message.contains("commits"));
    let last = last.expect("one is told of").message.clone();
    assert!(
        last.ends_with("git hung too often in this session's folders"),
        "{last}"
    );
    assert_eq!(gathered.files.len(), 13);
    let kept = gathered
        .files
        .iter()
        .find(|it| it.name.starts_with("session_repo-"));
    let kept = kept.expect("the tree's files").path.display().to_string();
    let work = lab.sh(&format!("tar -xOf {kept} session_repo/work.txt"));
    assert_eq!(work, "work");
}
