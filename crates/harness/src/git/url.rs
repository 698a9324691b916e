//! Where a repository is: which addresses are allowed, and how they are shown without a credential.

use std::path::{Component, PathBuf};

use super::{Context, GitError};

/// An address that may be asked, and what it takes to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// Without user and password for `https` and `http`; as given otherwise.
    pub(super) url: String,
    /// The address with user and password, where it had some. It goes to git through a file, never through an argument.
    pub(super) with_credential: Option<String>,
}

/// Checks an address. A local one comes back as the real path without links: a remote that an engine can write would run its hooks
/// outside the wall.
pub(super) fn check(url: &str, ctx: &Context<'_>) -> Result<Remote, GitError> {
    let mut remote = form(url, ctx.local_repositories)?;
    if let Some(path) = local_path(&remote.url) {
        let volumes = ctx
            .volumes
            .canonicalize()
            .unwrap_or_else(|_| ctx.volumes.clone());
        let real = path.canonicalize();
        let found = real.as_ref().unwrap_or(&path);
        let goes_up = path.components().any(|part| part == Component::ParentDir);
        if found.starts_with(&volumes) || (real.is_err() && goes_up) {
            return Err(GitError::Url {
                url: shown(url),
                why: "a session's own folder is nobody's remote; name a repository elsewhere"
                    .to_owned(),
            });
        }
        if let Ok(real) = real {
            remote.url = of_path(&real);
        }
    }
    Ok(remote)
}

/// The path that a `file` address means, as git understands it.
fn local_path(url: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;

    let rest = url.strip_prefix("file://")?;
    let rest = &rest[rest.find('/')?..];
    let rest = rest.as_bytes();
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(&byte) = rest.get(at) {
        let hex = rest.get(at + 1..at + 3).filter(|_| byte == b'%');
        let decoded =
            hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        at += if decoded.is_some() { 3 } else { 1 };
        bytes.push(decoded.unwrap_or(byte));
    }
    Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

/// Checks an address's form; `file` and `http` only where repositories may be local.
fn form(url: &str, local_repositories: bool) -> Result<Remote, GitError> {
    let refused = |why: &str| GitError::Url {
        url: shown(url),
        why: why.to_owned(),
    };
    if url.is_empty() || url.starts_with('-') || url.contains(char::is_control) {
        return Err(refused("that is not an address"));
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return if is_scp_like(url) {
            Ok(Remote {
                url: url.to_owned(),
                with_credential: None,
            })
        } else {
            Err(refused(
                "write it as https://host/path, ssh://host/path or git@host:path",
            ))
        };
    };
    match scheme {
        "ssh"
            if split_authority(rest)
                .0
                .rsplit_once('@')
                .is_some_and(|(user, _)| user.contains(':')) =>
        {
            Err(refused("ssh takes no password from an address; use a key"))
        }
        "ssh" => Ok(Remote {
            url: url.to_owned(),
            with_credential: None,
        }),
        "file" if local_repositories => Ok(Remote {
            url: url.to_owned(),
            with_credential: None,
        }),
        "https" => Ok(web(scheme, rest)),
        "http" if local_repositories => Ok(web(scheme, rest)),
        "file" | "http" => Err(refused(
            "file and http are allowed only on a server that listens on loopback; use https or ssh",
        )),
        _ => Err(refused("only https and ssh are allowed; use one of them")),
    }
}

/// The address as it may be shown and written into a working tree: without password, and for the web without user.
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = split_authority(rest);
    let Some((user, host)) = authority.rsplit_once('@') else {
        return url.to_owned();
    };
    if scheme == "ssh" {
        let user = user.split(':').next().unwrap_or_default();
        format!("{scheme}://{user}@{host}{path}")
    } else {
        format!("{scheme}://{host}{path}")
    }
}

/// A text of git's with the user and password of every address in it taken out.
pub(super) fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '\'' | '"'))
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        out.push_str(authority.rsplit('@').next().unwrap_or_default());
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A path as an address of the protocol `file`.
pub(super) fn of_path(path: &std::path::Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;

    let mut url = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            url.push(char::from(*byte));
        } else {
            write!(url, "%{byte:02X}").expect("writing to a text does not fail");
        }
    }
    url
}

fn web(scheme: &str, rest: &str) -> Remote {
    let (authority, path) = split_authority(rest);
    match authority.rsplit_once('@') {
        None => Remote {
            url: format!("{scheme}://{rest}"),
            with_credential: None,
        },
        Some((_, host)) => Remote {
            url: format!("{scheme}://{host}{path}"),
            with_credential: Some(format!("{scheme}://{rest}")),
        },
    }
}

fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// `git@host:path`: a host before the colon, and neither a path nor a helper's name (`ext::`).
fn is_scp_like(url: &str) -> bool {
    match url.split_once(':') {
        Some((host, path)) => {
            host.contains('@')
                && !host.contains('/')
                && !host.contains(char::is_whitespace)
                && !path.is_empty()
                && !path.starts_with(':')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_ssh_are_allowed_unless_repositories_may_be_local() {
        for url in [
            "https://example.org/a.git",
            "ssh://git@example.org/a.git",
            "git@example.org:a.git",
        ] {
            assert_eq!(form(url, false).expect("allowed").url, url);
        }
        for url in ["file:///srv/a.git", "http://127.0.0.1/a.git"] {
            assert!(form(url, false).is_err(), "{url}");
            assert_eq!(form(url, true).expect("allowed").url, url);
        }
        for url in [
            "",
            "/srv/a.git",
            "../a.git",
            "--upload-pack=x",
            "ext::sh -c x",
            "ssh://git:pw@example.org/a",
            "git://example.org/a",
            "a:b",
            "x@y::z",
            "https://a\nb",
        ] {
            assert!(form(url, true).is_err(), "{url}");
        }
    }

    #[test]
    fn a_password_is_in_nothing_that_is_shown() {
        let remote = form("https://bob:s3cret@example.org/a.git", false).expect("allowed");
        assert_eq!(remote.url, "https://example.org/a.git");
        assert_eq!(
            remote.with_credential.as_deref(),
            Some("https://bob:s3cret@example.org/a.git")
        );
        assert_eq!(
            shown("https://bob:s3cret@example.org/a@b"),
            "https://example.org/a@b"
        );
        assert_eq!(
            shown("ssh://git:x@example.org/a"),
            "ssh://git@example.org/a"
        );
        assert_eq!(
            mask("cannot ask 'https://bob:s3@cret@example.org/a': no; see http://x@y"),
            "cannot ask 'https://example.org/a': no; see http://y"
        );
    }

    #[test]
    fn a_path_becomes_an_address_that_git_reads_back() {
        assert_eq!(
            of_path(std::path::Path::new("/a b/ü%")),
            "file:///a%20b/%C3%BC%25"
        );
    }
}
