//! The door between an engine and a provider that misbehaves on purpose.

mod kit;

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::Usage;
use kit::{After, KEY, Kit, Play, TOKEN, beginning, error, frame, used, whole};

#[tokio::test]
async fn the_credential_is_put_in_and_the_answer_comes_back_byte_by_byte() {
    let kit = Kit::start(vec![Play::Stream(whole(), After::Ends)]).await;
    assert_eq!(kit.usage(), Usage::default());
    let answer = kit.request().send().await.expect("the door answers");
    assert_eq!(answer.headers().get("server"), None);
    assert_eq!(
        answer.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    assert_eq!(answer.text().await.expect("whole"), whole().concat());
    let seen = kit.provider.seen.lock().expect("no panic");
    let (asked, headers, body) = &seen[0];
    assert_eq!(asked, "POST /base/v1/messages?beta=true");
    assert_eq!(body, r#"{"stream":true}"#);
    assert_eq!(headers["x-api-key"], KEY);
    assert_eq!(headers["anthropic-version"], "2023-06-01");
    assert_eq!(
        (headers.get("authorization"), headers.get("cookie")),
        (None, None)
    );
    assert_eq!(kit.usage(), used(123, 7, 1));
}

#[tokio::test]
async fn only_the_token_opens_the_door() {
    let kit = Kit::start(Vec::new()).await;
    for (name, value) in [
        ("x-api-key", "sk-other"),
        ("authorization", "Bearer x"),
        ("x-other", TOKEN),
    ] {
        let url = format!("{}/v1/messages", kit.door.url(kit.conversation));
        let answer = kit
            .engine
            .post(url)
            .header(name, value)
            .send()
            .await
            .expect("the door answers");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{name}: {value}");
        let error: Value = answer.json().await.expect("an error");
        assert_eq!(error["error"]["type"], "authentication_error");
    }
    let url = format!("{}/v1/files", kit.door.url(kit.conversation));
    let answer = kit
        .engine
        .get(url)
        .bearer_auth(TOKEN)
        .send()
        .await
        .expect("the door answers");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let large = kit
        .request()
        .body("x".repeat(1001))
        .send()
        .await
        .expect("the door answers");
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(kit.asked(), 0);
}

#[tokio::test]
async fn an_answer_in_one_piece_is_counted_too_and_token_counts_are_not() {
    let message = json!({"type": "message", "model": "m1", "content": [],
        "usage": {"input_tokens": 5, "cache_read_input_tokens": null, "output_tokens": 2}});
    let kit = Kit::start(vec![
        Play::Answer(200, &[], message.to_string()),
        Play::Answer(200, &[], json!({"input_tokens": 1250}).to_string()),
        Play::Stream(whole(), After::Ends),
    ])
    .await;
    assert_eq!(kit.ask().await, (200, message.to_string()));
    assert_eq!(kit.usage(), used(5, 2, 1));
    let url = format!(
        "{}/v1/messages/count_tokens",
        kit.door.url(kit.conversation)
    );
    let count = kit
        .engine
        .post(url)
        .bearer_auth(TOKEN)
        .body("{}")
        .send()
        .await
        .expect("the door answers");
    assert_eq!(
        count.text().await.expect("whole"),
        r#"{"input_tokens":1250}"#
    );
    kit.ask().await;
    assert_eq!(kit.usage(), used(128, 9, 2));
}

#[tokio::test]
async fn a_trouble_that_passes_is_a_notice_and_counts_once() {
    let mut kit = Kit::start(vec![
        error(529, "overloaded_error", "Overloaded"),
        Play::Answer(429, &[("retry-after", "0")], "{}".to_owned()),
        Play::Stream(whole(), After::Ends),
    ])
    .await;
    assert_eq!(kit.ask().await.0, 200);
    assert_eq!(kit.usage(), used(123, 7, 1));
    assert_eq!(kit.failure(), "none");
    insta::assert_snapshot!(kit.told().join("\n"), @r"
    retry: the model's provider answered 529; try 2 of 3 follows in 0.001 s
    retry: the model's provider answered 429; try 3 of 3 follows in 0 s
    ");
}

#[tokio::test]
async fn what_is_given_up_is_told_to_the_engine_and_classified() {
    let mut kit = Kit::start(vec![
        error(500, "api_error", "boom"),
        error(500, "api_error", "boom"),
        error(500, "api_error", "boom"),
        error(401, "authentication_error", "bad key"),
        error(400, "invalid_request_error", "prompt is too long"),
        Play::Answer(
            429,
            &[("retry-after", "3600")],
            json!({"error": "slow down"}).to_string(),
        ),
        Play::Answer(
            307,
            &[("location", "http://127.0.0.1:1/elsewhere")],
            String::new(),
        ),
        Play::Answer(403, &[], "<html>proxy</html>".to_owned()),
    ])
    .await;
    let mut told = String::new();
    for _ in 0..6 {
        kit.door.begin(kit.conversation);
        let answer = kit.request().send().await.expect("the door answers");
        assert_eq!(answer.headers()["x-should-retry"], "false");
        assert_eq!(answer.headers().get("location"), None);
        let status = answer.status();
        told += &format!("{status} {}\n", answer.text().await.expect("whole"));
        let failure = kit.door.last_failure(kit.conversation).expect("it failed");
        let is_dated = failure.resets_at.is_some();
        let message = if is_dated {
            "(with a time)"
        } else {
            &failure.message
        };
        told += &format!("    {} dated={is_dated} {message}\n", failure.code);
    }
    told += &kit.told().join("\n");
    insta::assert_snapshot!(told, @r#"
    500 Internal Server Error {"type":"error","error":{"type":"api_error","message":"boom"}}
        model_unavailable dated=false the model's provider is in trouble (500: boom); try again later
    401 Unauthorized {"type":"error","error":{"type":"authentication_error","message":"bad key"}}
        model_auth dated=false the model's provider refused the key (401: bad key); check VWM_ANTHROPIC_API_KEY and restart the server
    400 Bad Request {"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}
        model_refused dated=false the model's provider refused the request (400: prompt is too long); change the prompt or the worker's modelConfig
    429 Too Many Requests {"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}
        model_rate_limited dated=true (with a time)
    502 Bad Gateway {"type":"error","error":{"type":"api_error","message":"the model's provider answered with a redirect (307), which is not followed; check VWM_ANTHROPIC_BASE_URL"}}
        model_unavailable dated=false the model's provider answered with a redirect (307), which is not followed; check VWM_ANTHROPIC_BASE_URL
    403 Forbidden {"type":"error","error":{"type":"permission_error","message":"the model's provider refused the key (403); check VWM_ANTHROPIC_API_KEY and restart the server"}}
        model_auth dated=false the model's provider refused the key (403); check VWM_ANTHROPIC_API_KEY and restart the server
    retry: the model's provider answered 500; try 2 of 3 follows in 0.001 s
    retry: the model's provider answered 500; try 3 of 3 follows in 0.004 s
    "#);
    assert_eq!(kit.asked(), 8);
    assert_eq!(kit.usage(), Usage::default());
    kit.door.begin(kit.conversation);
    assert_eq!(kit.failure(), "none");
}

#[tokio::test]
async fn a_limit_that_ends_in_time_is_waited_for_and_another_one_ends_the_call_at_once() {
    let limited = |reset| {
        let headers: &[(&str, &str)] = match reset {
            "past" => &[
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2015-01-01T00:00:00Z"),
            ],
            _ => &[
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2130-01-01T00:00:00Z"),
            ],
        };
        Play::Answer(429, headers, "{}".to_owned())
    };
    let mut kit = Kit::start(vec![
        limited("past"),
        Play::Stream(whole(), After::Ends),
        limited("far"),
    ])
    .await;
    assert_eq!(kit.ask().await.0, 200);
    assert_eq!(kit.ask().await.0, 429);
    assert_eq!(kit.asked(), 3);
    let failure = kit.door.last_failure(kit.conversation).expect("it failed");
    assert_eq!(
        (failure.code.as_str(), failure.retryable),
        ("model_rate_limited", true)
    );
    let at = failure.resets_at.expect("it is known").to_string();
    assert_eq!(at, "2130-01-01T00:00:00Z");
    insta::assert_snapshot!(kit.told().join("\n"), @"retry: the model's provider answered 429; try 2 of 3 follows in 0 s");
}

#[tokio::test]
async fn what_goes_on_with_the_model_is_known_while_it_does() {
    let kit = Kit::start(vec![Play::Stream(vec![beginning()], After::Silence)]).await;
    let traffic = || kit.door.traffic(kit.conversation);
    assert_eq!((traffic().open, traffic().last_byte), (0, None));
    let mut answer = kit.request().send().await.expect("the door answers");
    answer.chunk().await.expect("it begins").expect("it begins");
    assert_eq!(traffic().open, 1);
    assert!(traffic().last_byte.is_some());
    // Cut after a silence.
    while let Ok(Some(_)) = answer.chunk().await {}
    assert_eq!(traffic().open, 0);
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_said_so() {
    let mut kit = Kit::start(Vec::new()).await;
    kit.base_url = "http://127.0.0.1:1".to_owned();
    kit.provide(KEY);
    let (status, body) = kit.ask().await;
    assert_eq!(status, 502);
    assert!(!body.contains("127.0.0.1"), "{body}");
    assert_eq!(kit.told().len(), 2);
    insta::assert_snapshot!(kit.failure(), @r"model_unavailable: cannot reach the model's provider (Connection refused (os error 111)); check the network and VWM_ANTHROPIC_BASE_URL, then try again");
}

#[tokio::test]
async fn a_server_without_a_key_says_which_setting_is_missing() {
    let kit = Kit::start(Vec::new()).await;
    kit.door.set_providers(BTreeMap::new());
    let (status, body) = kit.ask().await;
    assert_eq!(status, 503);
    assert!(body.contains("VWM_ANTHROPIC_API_KEY"), "{body}");
    insta::assert_snapshot!(kit.failure(), @r"model_auth: the server has no key for the Anthropic API; set VWM_ANTHROPIC_API_KEY and restart it");
}

#[tokio::test]
async fn a_stream_that_breaks_reaches_the_engine_as_a_break() {
    for after in [After::Breaks, After::Ends, After::Silence] {
        let kit = Kit::start(vec![
            Play::Stream(vec![beginning()], after),
            Play::Stream(whole(), After::Ends),
        ])
        .await;
        assert_eq!(kit.ask().await, (200, "(cut)".to_owned()));
        assert!(
            kit.failure().starts_with("model_stream_lost: "),
            "{}",
            kit.failure()
        );
        assert_eq!(kit.usage(), used(123, 1, 1));
        assert_eq!(kit.ask().await.0, 200);
        assert_eq!(kit.failure(), "none");
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_goes_through_and_is_remembered() {
    let overloaded =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let pieces = vec![beginning(), frame(&overloaded)];
    let kit = Kit::start(vec![Play::Stream(pieces.clone(), After::Ends)]).await;
    assert_eq!(kit.ask().await, (200, pieces.concat()));
    assert!(
        kit.failure().starts_with("model_unavailable: "),
        "{}",
        kit.failure()
    );
}

#[tokio::test]
async fn an_engine_may_ask_twice_more_after_a_break() {
    let broken = || Play::Stream(vec![beginning()], After::Breaks);
    let kit = Kit::start(vec![
        broken(),
        broken(),
        broken(),
        Play::Stream(whole(), After::Ends),
    ])
    .await;
    for _ in 0..3 {
        assert_eq!(kit.ask().await, (200, "(cut)".to_owned()));
    }
    assert_eq!(kit.ask().await.0, 503);
    assert_eq!(kit.asked(), 3);
    assert!(
        kit.failure().starts_with("model_stream_lost: "),
        "{}",
        kit.failure()
    );
    kit.door.begin(kit.conversation);
    assert_eq!(kit.ask().await.0, 200);
}

#[tokio::test]
async fn a_provider_that_repeats_the_key_does_not_leak_it() {
    let kit = Kit::start(Vec::new()).await;
    let message = format!("key {KEY} is wrong at {}", kit.base_url);
    kit.provider
        .plays
        .lock()
        .expect("no panic")
        .push_back(error(401, "authentication_error", &message));
    let (status, body) = kit.ask().await;
    assert_eq!(status, 401);
    for text in [body, kit.failure()] {
        assert!(text.contains("key *** is wrong at ***"), "{text}");
        assert!(!text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn a_closed_door_answers_nobody_and_cuts_what_runs() {
    let kit = Kit::start(vec![Play::Stream(vec![beginning()], After::Silence)]).await;
    let answer = kit.request().send().await.expect("the door answers");
    kit.door.stop();
    assert!(answer.text().await.is_err());
    assert_eq!(kit.failure(), "none");
}
