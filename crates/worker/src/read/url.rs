//! Addresses: of repositories and of servers of tools. A fault never repeats an address, which might hold a password.

use vwm_api::Fault;

const FORMS: &str = "write `https://host/path`, `ssh://user@host/path` or `user@host:path`";

/// What is wrong with a repository's address; none where nothing is. `file` and plain `http` are for a server that allows
/// repositories of its own machine.
#[must_use]
pub fn repository_url_fault(url: &str, local_allowed: bool, path: &str) -> Option<Fault> {
    let fault = |message: String| Some(Fault::new(path, "invalid_string", message));
    if url.is_empty() {
        return Some(Fault::new(
            path,
            "too_short",
            format!("the address is empty; {FORMS}"),
        ));
    }
    if url.len() > 2000 {
        return Some(Fault::new(
            path,
            "too_long",
            "an address has at most 2000 bytes",
        ));
    }
    if has_gaps(url) {
        return fault("an address has no spaces and no control characters".to_owned());
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        let is_path = url.starts_with(['/', '.', '~']);
        return match url.split_once(':') {
            Some((host, at))
                if !is_path
                    && is_host_with_user(host)
                    && !at.is_empty()
                    && !at.starts_with('-') =>
            {
                None
            }
            _ if is_path => fault("a folder is named as `file:///folder`".to_owned()),
            _ => fault(format!("this is no repository's address; {FORMS}")),
        };
    };
    match scheme {
        "ssh" => remote_fault(rest, false, path),
        "https" => remote_fault(rest, true, path),
        "http" if local_allowed => remote_fault(rest, true, path),
        "file" if local_allowed && rest.starts_with('/') => None,
        "file" if local_allowed => {
            fault("a folder is named as `file:///folder`, with three slashes".to_owned())
        }
        "http" | "file" => fault(format!(
            "`{scheme}` is only for a server that listens on loopback; use https or ssh"
        )),
        _ => fault(format!(
            "there is no way to a repository by this scheme; {FORMS}"
        )),
    }
}

/// What is wrong with the address of a server of tools, as a sentence.
pub(super) fn server_fault(url: &str) -> Option<&'static str> {
    if has_gaps(url) {
        return Some("an address has no spaces and no control characters");
    }
    if url.len() > 2000 {
        return Some("an address has at most 2000 bytes");
    }
    let Some(("http" | "https", rest)) = url.split_once("://") else {
        return Some("the address must start with `https://` or `http://`");
    };
    let authority = authority(rest);
    if authority.contains('@') {
        return Some("credentials do not belong in an address; use `headers`");
    }
    (!is_host(authority)).then_some("the address names no host")
}

fn remote_fault(rest: &str, is_web: bool, path: &str) -> Option<Fault> {
    let fault = |message: &str| Some(Fault::new(path, "invalid_string", message));
    let authority = authority(rest);
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains(':') || (is_web && !user.is_empty()) {
        return fault(
            "a user, token or password does not belong in an address; use an ssh address and a key of the server's user",
        );
    }
    if user.starts_with('-') || !is_host(host) {
        return fault("the address names no host; write `https://host/path`");
    }
    let has_path = rest.len() > authority.len() + 1;
    (!has_path).then(|| {
        Fault::new(
            path,
            "invalid_string",
            "the address names a host, and no repository there",
        )
    })
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn has_gaps(url: &str) -> bool {
    url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether it is `host`, `host:port` or `[address]:port`. A `-` in front would be an option to ssh.
fn is_host(text: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || "._-:[]%".contains(c);
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    starts_well && text.chars().all(named)
}

fn is_host_with_user(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else {
        return false;
    };
    let named = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let user_is_well = !user.is_empty() && !user.starts_with('-') && user.chars().all(named);
    user_is_well && is_host(host) && host.chars().all(named)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://example.com/kb.git")]
    #[case("https://example.com:8443/a/kb")]
    #[case("ssh://git@example.com/kb.git")]
    #[case("git@example.com:team/kb.git")]
    fn a_remote_repository_is_always_allowed(#[case] url: &str) {
        assert_eq!(repository_url_fault(url, false, "u"), None);
        assert_eq!(repository_url_fault(url, true, "u"), None);
    }

    #[rstest]
    #[case("file:///srv/kb.git")]
    #[case("http://127.0.0.1:3000/kb.git")]
    fn a_local_repository_is_allowed_where_the_server_says_so(#[case] url: &str) {
        assert_eq!(repository_url_fault(url, true, "u"), None);
        let fault = repository_url_fault(url, false, "u").expect("it is refused");
        assert!(fault.message.contains("loopback"), "{fault:?}");
    }

    #[rstest]
    #[case("")]
    #[case("/srv/kb.git")]
    #[case("kb")]
    #[case("file://srv/kb.git")]
    #[case("ext::sh -c id")]
    #[case("ext::id")]
    #[case("git://example.com/kb")]
    #[case("https://")]
    #[case("https://example.com")]
    #[case("https://bob:hunter2@example.com/kb")]
    #[case("https://hunter2@example.com:8443/a/kb")]
    #[case("ssh://-oProxyCommand=hunter2/kb")]
    #[case("-oProxyCommand=hunter2:kb")]
    #[case("git@-oProxyCommand=hunter2:kb")]
    #[case("https://example.com/a b")]
    fn anything_else_is_refused_and_not_repeated(#[case] url: &str) {
        let fault = repository_url_fault(url, true, "workerRepoUrl").expect("it is refused");
        assert_eq!(fault.path, "workerRepoUrl");
        assert!(!fault.message.contains("hunter2"), "{fault:?}");
    }
}
