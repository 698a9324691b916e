//! What a person or a harness called something, as a part of an address.

/// Writes everything but the unreserved characters as `%XX`.
pub(crate) fn segment(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            _ => path += &format!("%{byte:02X}"),
        }
    }
    path
}

/// Writes a path of a workspace, segment by segment; none where a segment is `.` or `..`, which no address can carry: they are
/// resolved on the way, so that the server would be asked for another file.
pub(crate) fn segments(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    if path.is_empty() || parts.iter().any(|part| matches!(*part, "." | "..")) {
        return None;
    }
    let parts: Vec<String> = parts.into_iter().map(segment).collect();
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_slashes_and_nothing_else_that_means_something() {
        let strange = "a b/ü%2F/?x#y\n\t/.hidden/...";
        let written = "a%20b/%C3%BC%252F/%3Fx%23y%0A%09/.hidden/...";
        assert_eq!(segments(strange).as_deref(), Some(written));
        assert_eq!(segments("/etc//passwd/").as_deref(), Some("/etc//passwd/"));
        for impossible in ["", ".", "..", "a/../b", "./a", "a/."] {
            assert_eq!(segments(impossible), None, "{impossible:?}");
        }
    }
}
