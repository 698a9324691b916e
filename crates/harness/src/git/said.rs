//! What git says about a remote, made into an error that says what to do.

use super::{GitError, url};
use crate::unseen;

/// What a remote says whose disk is full, whose files are not its own, or where a lock was left.
const COULD_NOT: [&str; 9] = [
    "(unpacker error)",
    "remote unpack failed",
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "insufficient permission",
    "unable to create temporary",
    "cannot lock ref",
    "(failed to update ref)",
];

/// A refusal to talk to a remote, from what git said about it.
pub(super) fn of_remote(url: &str, doing: &str, stderr: &str) -> GitError {
    let url = url::shown(url);
    let tail = url::mask(&in_one_line(stderr));
    let says = |patterns: &[&str]| patterns.iter().any(|pattern| stderr.contains(pattern));
    if stderr.contains("transport '") && stderr.contains("not allowed") {
        return GitError::Url {
            url,
            why: "its protocol is not allowed here; use https or ssh".to_owned(),
        };
    }
    if says(&["dubious ownership"]) {
        return GitError::ForeignOwner { url };
    }
    if says(&["Host key verification failed"]) {
        return GitError::UnknownHost { url };
    }
    if says(&[
        "could not read Username",
        "could not read Password",
        "terminal prompts disabled",
        "Authentication failed",
        "Permission denied (",
        "HTTP Basic: Access denied",
        "Write access to repository not granted",
        "You are not allowed to push",
        "returned error: 401",
        "returned error: 403",
    ]) || (stderr.contains("Permission to ") && stderr.contains(" denied to "))
    {
        return GitError::NeedsCredential { url, tail };
    }
    if says(&[
        "does not appear to be a git repository",
        "Repository not found",
        "returned error: 404",
        "returned error: 410",
    ]) || (stderr.contains("repository '") && stderr.contains("' not found"))
    {
        return GitError::NoRepository { url };
    }
    if says(&[
        "Could not resolve host",
        "Failed to connect",
        "Couldn't connect",
        "Connection refused",
        "Connection timed out",
        "Connection reset",
        "Connection closed",
        "Operation timed out",
        "Operation too slow",
        "Network is unreachable",
        "No route to host",
        "Name or service not known",
        "Temporary failure in name resolution",
        "SSL",
        "returned error: 5",
        "returned error: 429",
        "early EOF",
        "hung up unexpectedly",
        "Empty reply from server",
        "Recv failure",
    ]) {
        return GitError::Unreachable { url, tail };
    }
    GitError::Failed {
        doing: doing.to_owned(),
        tail,
    }
}

/// A branch that the remote did not take, from what git complained about and said of the branch.
pub(super) fn of_push(url: &str, branch: &str, stderr: &str, stdout: &str) -> GitError {
    let shown = url::shown(url);
    let name = branch.to_owned();
    if stdout.contains("(non-fast-forward)") || stdout.contains("(fetch first)") {
        return GitError::BranchTaken {
            url: shown,
            branch: name,
        };
    }
    // A disk of this machine can be full, too.
    let is_theirs = |line: &&str| line.starts_with("remote:") || line.contains("remote unpack");
    let mut theirs = stderr.lines().filter(is_theirs).chain(stdout.lines());
    let could_not = theirs.any(|line| COULD_NOT.iter().any(|pattern| line.contains(pattern)));
    // Git says that of a lock and of a branch whose name is the beginning of ours.
    let is_in_the_way = stderr.contains("exists; cannot create");
    let tail = url::mask(&in_one_line(&format!("{stderr}\n{stdout}")));
    if could_not && !is_in_the_way {
        return GitError::CannotStore {
            url: shown,
            branch: name,
            tail,
        };
    }
    if stdout.contains("[rejected]") || stdout.contains("[remote rejected]") {
        return GitError::PushRefused {
            url: shown,
            branch: name,
            tail,
        };
    }
    of_remote(url, &format!("push {branch}"), stderr)
}

/// What git printed, without what says nothing.
fn in_one_line(text: &str) -> String {
    let words = |line: &str| {
        let line = line.strip_prefix("remote:").unwrap_or(line);
        // Of what became of the branch, the names are known.
        let line = match line.strip_prefix('!') {
            Some(of_branch) => of_branch.find('[').map_or(line, |at| &of_branch[at..]),
            None => line,
        };
        line.trim().to_owned()
    };
    let is_noise = |line: &str| {
        let starts = ["hint:", "To ", "error: failed to push some refs"];
        line.is_empty() || line == "Done" || starts.iter().any(|start| line.starts_with(start))
    };
    // A remote has a say in terminals and pages only by what can be read.
    let text = unseen::without(text);
    let lines: Vec<String> = text
        .lines()
        .map(words)
        .filter(|line| !is_noise(line))
        .collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_becomes_a_sentence_that_says_what_to_do() {
        let said = |stderr: &str| {
            of_remote("https://bob:pw@example.org/a.git", "fetch", stderr).to_string()
        };
        insta::assert_snapshot!(
            said("fatal: could not read Username for 'https://bob:pw@example.org': terminal prompts disabled"),
            @"the repository https://example.org/a.git needs a password or key; give the server one that may read and write it: fatal: could not read Username for 'https://example.org': terminal prompts disabled"
        );
        insta::assert_snapshot!(
            said("fatal: repository 'https://example.org/a.git/' not found"),
            @"there is no repository at https://example.org/a.git, or it is not visible; check the address and who may read it"
        );
        insta::assert_snapshot!(
            said("fatal: unable to access 'https://example.org/a.git/': Could not resolve host: example.org"),
            @"cannot reach https://example.org/a.git; check the network and the address: fatal: unable to access 'https://example.org/a.git/': Could not resolve host: example.org"
        );
        insta::assert_snapshot!(
            said("fatal: transport 'http' not allowed"),
            @"cannot use the repository https://example.org/a.git: its protocol is not allowed here; use https or ssh"
        );
        insta::assert_snapshot!(said("fatal: bad object"), @"cannot fetch; git says: fatal: bad object");
    }

    #[test]
    fn what_a_remote_says_of_a_push_becomes_who_must_do_what() {
        let said = |stderr: &str, reason: &str| {
            let stdout =
                format!("To https://example.org/a.git\n!\tHEAD:refs/heads/b\t{reason}\nDone");
            of_push("https://bob:pw@example.org/a.git", "b", stderr, &stdout).to_string()
        };
        insta::assert_snapshot!(
            said(
                "remote: error: file write error: No space left on device        \nremote: fatal: unable to write sha1 file\nerror: remote unpack failed: unpack-objects abnormal exit\nerror: failed to push some refs to 'https://bob:pw@example.org/a.git'",
                "[remote rejected] (unpacker error)",
            ),
            @"https://example.org/a.git could not store the branch b; see to its space, its rights and what stands in the way there: error: file write error: No space left on device; fatal: unable to write sha1 file; error: remote unpack failed: unpack-objects abnormal exit; [remote rejected] (unpacker error)"
        );
        insta::assert_snapshot!(
            said(
                "error: remote unpack failed: unable to create temporary object directory",
                "[remote rejected] (unpacker error)",
            ),
            @"https://example.org/a.git could not store the branch b; see to its space, its rights and what stands in the way there: error: remote unpack failed: unable to create temporary object directory; [remote rejected] (unpacker error)"
        );
        insta::assert_snapshot!(
            said("remote: GH006: Protected branch update failed", "[remote rejected] (protected branch hook declined)"),
            @"https://example.org/a.git refused the branch b; see what it says, change its rules or the branch: GH006: Protected branch update failed; [remote rejected] (protected branch hook declined)"
        );
        insta::assert_snapshot!(
            said("hint: Updates were rejected", "[rejected] (fetch first)"),
            @"https://example.org/a.git has other commits on the branch b, and nothing is overwritten; rename or delete that branch there, and push with `vwm session push`"
        );
        insta::assert_snapshot!(
            said("hint: Updates were rejected", "[rejected] (stale info)"),
            @"https://example.org/a.git refused the branch b; see what it says, change its rules or the branch: [rejected] (stale info)"
        );
    }

    #[test]
    fn what_ends_a_push_before_the_branch_is_told_like_every_other_call() {
        let said = |stderr: &str| of_push("git@example.org:a.git", "b", stderr, "").to_string();
        insta::assert_snapshot!(
            said("ERROR: Permission to a.git denied to bob.\nfatal: Could not read from remote repository."),
            @"the repository git@example.org:a.git needs a password or key; give the server one that may read and write it: ERROR: Permission to a.git denied to bob.; fatal: Could not read from remote repository."
        );
        // The disk of this machine is not the remote's.
        insta::assert_snapshot!(
            said("fatal: write error: No space left on device"),
            @"cannot push b; git says: fatal: write error: No space left on device"
        );
        insta::assert_snapshot!(
            said("fatal: unable to access 'x': Failed to connect to example.org port 443"),
            @"cannot reach git@example.org:a.git; check the network and the address: fatal: unable to access 'x': Failed to connect to example.org port 443"
        );
    }
}
