//! Requests that are none, lie about their length, come together or are too large in their heads.

use super::{Wire, is_sane, request, world};

const GET: &str = "GET /health HTTP/1.1\r\nhost: vwm\r\n\r\n";

/// The first line of each answer that a connection gets before the server hangs up.
async fn told(wire: &mut Wire) -> String {
    let answer = wire.answer().await;
    format!("{} {}", answer.status, answer.body)
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_harms_nobody() {
    let world = world().await;
    let many = "x: y\r\n".repeat(200);
    let long = "y".repeat(200_000);
    let query = "q".repeat(20_000_000);
    for (what, said, status) in [
        (
            "a greeting of TLS",
            "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_owned(),
            "400",
        ),
        ("words", "hello there\r\n\r\n".to_owned(), "400"),
        ("no version", "GET /health\r\n\r\n".to_owned(), "400"),
        (
            "another version",
            "GET /health HTTP/3.7\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "a space in a name",
            "GET /health HTTP/1.1\r\nx y: z\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "a space before the colon",
            "GET /health HTTP/1.1\r\nhost : z\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "a NUL in a value",
            "GET /health HTTP/1.1\r\nx: a\0b\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "a folded value",
            "GET /health HTTP/1.1\r\nx: a\r\n b\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "a space in the target",
            "GET /hea lth HTTP/1.1\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "200 headers",
            format!("GET /health HTTP/1.1\r\n{many}\r\n"),
            "431",
        ),
        (
            "a header of 200 kB",
            format!("GET /health HTTP/1.1\r\nx: {long}\r\n\r\n"),
            "431",
        ),
        (
            "a query of 20 MB",
            format!("GET /health?{query} HTTP/1.1\r\n\r\n"),
            "431",
        ),
        (
            "a path of 20 MB",
            format!("GET /{query} HTTP/1.1\r\n\r\n"),
            "431",
        ),
    ] {
        let mut wire = Wire::open(&world).await;
        wire.say(said).await;
        let rest = wire.rest().await;
        let line = rest.lines().next().unwrap_or_default();
        assert!(
            line.starts_with(&format!("HTTP/1.1 {status} ")),
            "{what}: {rest:?}"
        );
    }
    // Who speaks HTTP/2 at once would not understand a word: he is hung up on.
    let mut wire = Wire::open(&world).await;
    wire.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(wire.rest().await, "");
    is_sane(&world).await;
}

#[tokio::test]
async fn a_length_that_lies_is_refused_and_what_follows_is_never_taken_for_a_request() {
    let world = world().await;
    let path = "POST /admin/keys";
    for (what, headers, body) in [
        (
            "two lengths",
            "content-length: 2\r\ncontent-length: 9\r\n",
            "{}GET / x",
        ),
        ("two in one", "content-length: 2, 9\r\n", "{}GET / x"),
        ("none that is one", "content-length: two\r\n", "{}"),
        ("less than nothing", "content-length: -2\r\n", "{}"),
        ("a plus", "content-length: +2\r\n", "{}"),
        (
            "more than there is",
            "content-length: 99999999999999999999999\r\n",
            "{}",
        ),
        ("an unknown coding", "transfer-encoding: gzip\r\n", "{}"),
        (
            "chunks that are none",
            "transfer-encoding: chunked\r\n",
            "zz\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "a chunk that is too long",
            "transfer-encoding: chunked\r\n",
            "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "a chunk without its end",
            "transfer-encoding: chunked\r\n",
            "2\r\n{}{}0\r\n\r\n",
        ),
        (
            "a negative chunk",
            "transfer-encoding: chunked\r\n",
            "-2\r\n{}\r\n0\r\n\r\n",
        ),
    ] {
        let mut wire = Wire::open(&world).await;
        let smuggled = "GET /health HTTP/1.1\r\nhost: vwm\r\n\r\n";
        wire.say(request(&world, path, headers, body) + smuggled)
            .await;
        let rest = wire.rest().await;
        assert!(rest.starts_with("HTTP/1.1 400 "), "{what}: {rest:?}");
        assert_eq!(rest.matches("HTTP/1.1 ").count(), 1, "{what}: {rest:?}");
    }
    // One who says more than he has, and leaves.
    for headers in ["content-length: 100\r\n", "transfer-encoding: chunked\r\n"] {
        let mut wire = Wire::open(&world).await;
        wire.say(request(&world, path, headers, "40\r\n{\"name\""))
            .await
            .end()
            .await;
        let rest = wire.rest().await;
        assert!(rest.starts_with("HTTP/1.1 400 "), "{rest:?}");
        assert!(
            rest.contains("the body broke off; send it again"),
            "{rest:?}"
        );
    }
    is_sane(&world).await;
}

#[tokio::test]
async fn of_a_length_and_chunks_together_at_most_the_chunks_count() {
    let world = world().await;
    let headers = "content-length: 3\r\ntransfer-encoding: chunked\r\n";
    let smuggled = "2\r\n{}\r\n0\r\n\r\nGET /health HTTP/1.1\r\nhost: vwm\r\n\r\n";
    let mut wire = Wire::open(&world).await;
    wire.say(request(&world, "POST /admin/keys", headers, smuggled))
        .await;
    // The body is `{}`, which has no name; a proxy that counted three bytes must not find a second answer of its own making.
    let first = wire.answer().await;
    assert_eq!(first.status, 400, "{}", first.body);
    assert!(
        first.body.is_empty() || first.body.contains("`name` is missing"),
        "{}",
        first.body
    );
    is_sane(&world).await;
}

#[tokio::test]
async fn requests_that_come_together_are_answered_one_by_one_in_their_order() {
    let world = world().await;
    let mut wire = Wire::open(&world).await;
    let missing = request(&world, "GET /sessions/x", "", "");
    let post = request(&world, "POST /admin/keys", "content-length: 2\r\n", "{}");
    wire.say(format!("{GET}{missing}{post}{GET}")).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(told(&mut wire).await.chars().take(36).collect::<String>());
    }
    assert_eq!(
        all,
        [
            r#"200 {"status":"ok"}"#,
            r#"404 {"error":"Session not found"}"#,
            r#"400 {"error":"Validation Error","det"#,
            r#"200 {"status":"ok"}"#,
        ]
    );
}

#[tokio::test]
async fn old_and_unusual_requests_are_answered() {
    let world = world().await;
    for (said, is_last) in [
        ("GET /health HTTP/1.0\r\n\r\n", true),
        (
            "GET /health HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
            false,
        ),
        ("GET /health HTTP/1.1\r\n\r\n", false),
        (
            "GET http://elsewhere/health HTTP/1.1\r\nhost: vwm\r\n\r\n",
            false,
        ),
        (
            "GET /health HTTP/1.1\r\nhost: vwm\r\nconnection: close\r\n\r\n",
            true,
        ),
        ("\r\nGET /health HTTP/1.1\r\nhost: vwm\r\n\r\n", false),
    ] {
        let mut wire = Wire::open(&world).await;
        wire.say(said).await;
        assert_eq!(told(&mut wire).await, r#"200 {"status":"ok"}"#, "{said:?}");
        if is_last {
            assert_eq!(wire.rest().await, "", "{said:?}");
        } else {
            wire.say(GET).await;
            assert_eq!(told(&mut wire).await, r#"200 {"status":"ok"}"#, "{said:?}");
        }
    }
    for (line, status) in [
        ("get /health", 405),
        ("BREW /health", 405),
        ("CONNECT vwm:80", 404),
    ] {
        let mut wire = Wire::open(&world).await;
        wire.say(format!("{line} HTTP/1.1\r\nhost: vwm\r\n\r\n"))
            .await;
        assert_eq!(wire.answer().await.status, status, "{line}");
    }
    is_sane(&world).await;
}
