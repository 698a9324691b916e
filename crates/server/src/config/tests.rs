//! What wins over what, and what is refused.

use super::*;

fn env(variables: &[(&str, &str)]) -> Environment {
    let home = [("HOME", "/home/bob")];
    let all = home.iter().chain(variables);
    Environment::of(all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn resolve(args: ServerArgs, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::resolve(args, &env(variables))
}

#[test]
fn a_server_that_is_told_nothing_has_every_default() {
    let config = resolve(ServerArgs::default(), &[]).expect("it starts");
    insta::assert_debug_snapshot!(config, @r#"
    Config {
        data_dir: "/home/bob/.local/share/vwm",
        listen: 127.0.0.1:7420,
        engines_dir: "/home/bob/.local/share/vwm/engines",
        unconfined: false,
        providers: {},
        queue_limit: 64,
        end_deadline_s: 600,
        learning_timeout_s: 600,
        upload_max: 1073741824,
        allow_origins: [],
        limits: Limits {
            idle_timeout: 900,
            suspended_keep: 2592000,
            failed_keep: 604800,
            max_sessions: 0,
            max_turns: 0,
            worker_max_sessions: 0,
            worker_max_turns: 0,
            engine_idle: 300,
            max_engines: 32,
            stalled_after: 300,
            events_keep: 2592000,
            events_max: 1000000,
            transcripts_keep: 0,
            workspaces_keep: 7776000,
            disk_reserve: 536870912,
        },
        database_url: None,
        grace: 10s,
        log: "info",
        log_format: Text,
    }
    "#);
}

#[test]
fn flags_win_over_variables_over_the_file_over_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("vwm.yaml");
    let yaml = "listen: 127.0.0.1:1\nqueueLimit: 1\ngrace: 1\nlog: debug\nlogFormat: json\n\
        endDeadline: 1\nlearningTimeout: 1\nuploadMax: 1\nallowOrigins: [http://file]\n";
    std::fs::write(&file, yaml).unwrap();
    let args = ServerArgs {
        config: Some(file),
        listen: Some("127.0.0.1:3".parse().unwrap()),
        end_deadline: Some(0),
        ..ServerArgs::default()
    };
    let variables = [
        ("VWM_LISTEN", "127.0.0.1:2"),
        ("VWM_QUEUE_LIMIT", "2"),
        ("VWM_END_DEADLINE", "2"),
        ("VWM_LEARNING_TIMEOUT", "2"),
        ("VWM_ALLOW_ORIGINS", "http://one, http://two:80"),
    ];
    let config = resolve(args, &variables).expect("it starts");
    assert_eq!(config.listen.port(), 3);
    assert_eq!((config.queue_limit, config.upload_max), (2, 1));
    // A session may end at once, but nobody learns in no time.
    assert_eq!((config.end_deadline_s, config.learning_timeout_s), (0, 2));
    assert_eq!(config.grace, Duration::from_secs(1));
    let origins = config.allow_origins.iter().map(Origin::to_string);
    assert_eq!(origins.collect::<Vec<_>>(), ["http://one", "http://two:80"]);
    assert_eq!(
        (config.log.as_str(), config.log_format),
        ("debug", LogFormat::Json)
    );
}

#[test]
fn only_our_own_variables_give_a_provider_its_key_and_no_one_prints_it() {
    let variables = [
        ("ANTHROPIC_API_KEY", "sk-personal"),
        ("VWM_OPENAI_API_KEY", "sk-test"),
        ("VWM_OPENAI_BASE_URL", "http://127.0.0.1:9/v1/"),
    ];
    let config = resolve(ServerArgs::default(), &variables).expect("it starts");
    let names: Vec<_> = config.providers.keys().collect();
    assert_eq!(names, ["openai"]);
    assert_eq!(config.providers["openai"].base_url, "http://127.0.0.1:9/v1");
    assert!(!format!("{config:?}").contains("sk-"));
}

#[test]
fn a_database_of_another_name_is_not_ignored_in_silence() {
    let pg = resolve(ServerArgs::default(), &[("PG_SERVER", "db")]).expect_err("refused");
    assert!(matches!(pg, ConfigError::PgServer));
    let url = [
        ("PG_SERVER", "db"),
        ("VWM_DATABASE_URL", "postgres://me:s3cret@db/vwm"),
    ];
    let config = resolve(ServerArgs::default(), &url).unwrap();
    assert!(!format!("{config:?}").contains("s3cret"));
    let url = config.database_url.expect("it was given");
    assert_eq!(url.expose(), "postgres://me:s3cret@db/vwm");
    let other = [("VWM_DATABASE_URL", "mysql://me:s3cret@db/vwm")];
    let other = resolve(ServerArgs::default(), &other).expect_err("refused");
    assert!(!other.to_string().contains("s3cret"));
}

#[test]
fn a_bad_value_is_told_with_what_it_may_be() {
    let told = |variables: &[(&str, &str)]| {
        let refused = resolve(ServerArgs::default(), variables);
        refused.expect_err("refused").to_string()
    };
    insta::assert_snapshot!(told(&[("VWM_LISTEN", "localhost")]), @r#"VWM_LISTEN cannot be "localhost": give HOST:PORT, such as 127.0.0.1:7420"#);
    insta::assert_snapshot!(told(&[("VWM_UNCONFINED", "yes please")]), @r#"VWM_UNCONFINED cannot be "yes please": give 1 or 0"#);
    insta::assert_snapshot!(told(&[("VWM_GEMINI_BASE_URL", "example.com")]), @"the base URL of gemini must begin with http:// or https://; set VWM_GEMINI_BASE_URL to one that does");
    insta::assert_snapshot!(told(&[("VWM_LEARNING_TIMEOUT", "0")]), @r#"VWM_LEARNING_TIMEOUT cannot be "0": give whole seconds, at least 1"#);
    let homeless = Config::resolve(ServerArgs::default(), &Environment::of([]));
    insta::assert_snapshot!(homeless.expect_err("refused"), @"there is no home folder to keep data in; name one with --data-dir");
}

#[test]
fn a_file_with_an_unknown_field_is_refused_and_shows_no_key() {
    let yaml = "providers:\n  anthropic:\n    apiKey: sk-test\nlisten_on: 1\n";
    let refused = file::parse("vwm.yaml".as_ref(), yaml)
        .err()
        .expect("refused");
    let told = refused.to_string();
    assert!(told.contains("listen_on"), "{told}");
    assert!(!told.contains("sk-test"), "{told}");
}
