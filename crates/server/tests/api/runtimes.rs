//! Runtimes: what only a cluster reads, tags, and what cannot be.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::kit::TestApp;

fn gpu() -> Value {
    json!({
        "name": "gpu", "baseImage": "gpu:1", "tags": ["big", "gpu"],
        "resources": {"requests": {"cpu": "500m", "memory": "4Gi"}, "limits": {"nvidia.com/gpu": 1}},
        "nodeSelector": {"disk": "ssd", "example.com/zone": ""},
        "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 60}],
        "runtimeClass": "gvisor",
    })
}

#[tokio::test]
async fn what_only_a_cluster_reads_is_kept_and_named_as_having_no_effect() {
    let app = TestApp::start().await;
    let made = app.post("/admin/runtimes", gpu()).await;
    assert_eq!(made.status, 201, "{made}");
    for field in ["resources", "nodeSelector", "tolerations", "runtimeClass"] {
        assert_eq!(made.body[field], gpu()[field]);
    }
    assert_snapshot!(serde_json::to_string_pretty(&made.body["warnings"][0]).unwrap(), @r#"
    {
      "path": "resources",
      "code": "not_supported_yet",
      "message": "the local backend runs jobs as processes of this machine and does not act on `resources`; it is kept for a cluster"
    }
    "#);
    let warned = |body: &Value| {
        let warnings = body["warnings"].as_array().unwrap();
        let paths = warnings.iter().map(|it| it["path"].as_str().unwrap());
        paths.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        warned(&made.body),
        "resources nodeSelector tolerations runtimeClass"
    );
    let path = format!("/admin/runtimes/{}", made.text("id"));
    assert_eq!(app.get(&path).await.body, made.body);
    let by_name = app.get("/admin/runtimes/by-name/gpu").await;
    assert_eq!(by_name.body, made.body);

    // What is not named stays, what is null goes.
    let change = json!({"resources": null, "tolerations": null, "description": "many"});
    let changed = app.put(&path, change).await.body;
    assert_eq!(warned(&changed), "nodeSelector runtimeClass");
    assert_eq!(changed["nodeSelector"], gpu()["nodeSelector"]);
    assert_eq!(changed.get("resources"), None);
    let change = json!({"nodeSelector": {}, "runtimeClass": null, "description": null});
    let changed = app.put(&path, change).await.body;
    assert_eq!(warned(&changed), "");
    assert_eq!(changed["description"], json!(null));
    assert_eq!(app.get(&path).await.body, changed);
}

#[tokio::test]
async fn a_tag_filters_by_the_whole_word() {
    let app = TestApp::start().await;
    app.post("/admin/runtimes", gpu()).await;
    let tagged = async |tag: &str| {
        let reply = app.get(&format!("/admin/runtimes?tag={tag}")).await;
        reply.body.as_array().expect("a list").len()
    };
    assert_eq!(tagged("gpu").await, 1);
    assert_eq!(tagged("gp").await, 0);
    assert_eq!(tagged("GPU").await, 0);
    assert_eq!(
        app.get("/admin/runtimes")
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn every_fault_of_a_runtime_is_told_at_once() {
    let app = TestApp::start().await;
    let bad = json!({
        "name": "x".repeat(101), "description": "x".repeat(10_001), "tags": ["", "ok", "x".repeat(101)],
        "enginesDir": "engines", "runtimeclass": "x",
        "resources": {"requests": {"cpu": "fast", "memory": -1, "disk": true}, "limits": [], "limit": {}},
        "nodeSelector": {"a": 1, "b": "x".repeat(64), "": "c"},
        "tolerations": [{"key": ["x"]}, "all"],
        "runtimeClass": "G Visor",
    });
    let reply = app.post("/admin/runtimes", bad).await;
    let faults: Vec<_> = reply
        .faults()
        .iter()
        .map(|(path, code)| format!("{path} {code}"))
        .collect();
    assert_snapshot!(faults.join("\n"), @r#"
    name too_long
    description too_long
    baseImage required
    tags[0] too_short
    tags[2] too_long
    enginesDir invalid_string
    resources.requests.cpu invalid_string
    resources.requests.memory invalid_string
    resources.requests.disk invalid_type
    resources.limits invalid_type
    resources.limit unknown_field
    nodeSelector too_short
    nodeSelector.a invalid_type
    nodeSelector.b too_long
    tolerations[0].key invalid_type
    tolerations[1] invalid_type
    runtimeClass invalid_string
    runtimeclass unknown_field
    "#);
    let many = json!({
        "name": "x", "baseImage": "x", "tags": vec!["a"; 101],
        "tolerations": vec![json!({}); 101],
        "resources": {"limits": (0..101).map(|n| (n.to_string(), json!(1))).collect::<serde_json::Map<_, _>>()},
    });
    assert_eq!(
        app.post("/admin/runtimes", many).await.faults(),
        [
            ("tags", "too_long"),
            ("resources.limits", "too_long"),
            ("tolerations", "too_long"),
        ]
    );
    for field in ["resources", "nodeSelector", "tolerations", "runtimeClass"] {
        let body = json!({"name": "x", "baseImage": "x", field: 7});
        let reply = app.post("/admin/runtimes", body).await;
        assert_eq!(reply.faults(), [(field, "invalid_type")]);
    }
}
