//! The six file calls of a path as they go over the wire, and what none of their answers may be.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use vwm_api::SessionId;
use vwm_tests::{Told, World};

/// How soon each call is answered, whatever stands at its path.
const SOON: Duration = Duration::from_secs(5);

/// The six calls, by their names in the OpenAPI document, each with what it sends.
const CALLS: [(&str, &str, &str, &[u8]); 6] = [
    ("listFiles", "GET", "?path=", b""),
    ("readFile", "GET", "/", b""),
    ("downloadFile", "GET", "/download/", b""),
    ("writeFile", "PUT", "/", b"put"),
    ("uploadFile", "POST", "/upload?path=", b"put"),
    ("deleteFile", "DELETE", "/", b""),
];

/// Who makes the six calls, and looks at every answer.
pub(super) struct Caller<'a> {
    world: &'a World,
    id: SessionId,
    documented: BTreeMap<String, Vec<u16>>,
    secrets: Vec<Vec<u8>>,
    places: Vec<String>,
}

impl<'a> Caller<'a> {
    /// One for a session. No answer may hold the content of a file of the server or of the system, or one of `secrets`, or tell of
    /// a place outside the workspace.
    pub(super) async fn of(world: &'a World, id: SessionId, secrets: &[&str]) -> Self {
        let data = world.data_dir();
        let file = |name: &str| std::fs::read(data.join(name)).expect("the server has it");
        let mut all = vec![
            world.key().into_bytes(),
            file("secret.key"),
            b"SQLite format 3".to_vec(),
            b"root:x:0:0".to_vec(),
        ];
        all.extend(secrets.iter().map(|secret| secret.as_bytes().to_vec()));
        let places = [
            data.to_str().expect("text"),
            "/etc",
            "/proc",
            "/dev",
            "sessions/",
        ];
        Self {
            world,
            id,
            documented: documented(world).await,
            secrets: all,
            places: places.map(str::to_owned).to_vec(),
        }
    }

    /// The statuses of the six calls for a path, encoded as it stands: list, read, download, write, upload, delete.
    pub(super) async fn all(&self, path: &str) -> [u16; 6] {
        let mut told = [0; 6];
        for (status, (name, ..)) in told.iter_mut().zip(CALLS) {
            *status = self.call(name, path).await.status;
        }
        told
    }

    /// The answer of one call.
    pub(super) async fn call(&self, name: &str, path: &str) -> Told {
        let call = CALLS.iter().find(|(known, ..)| *known == name);
        let (_, method, before, body) = call.expect("it is one of the six");
        let line = format!("{method} /sessions/{}/files{before}{path}", self.id);
        let told = tokio::time::timeout(SOON, self.world.calls(&line, body)).await;
        let told = told.unwrap_or_else(|_| panic!("{line:?} is not answered within {SOON:?}"));
        self.look(name, path, &line, &told);
        told
    }

    fn look(&self, name: &str, path: &str, line: &str, told: &Told) {
        let is_documented = self.documented[name].contains(&told.status);
        assert!(is_documented, "{line:?}: {} is not documented", told.status);
        for secret in &self.secrets {
            let leaks = told.body.windows(secret.len()).any(|part| part == secret);
            assert!(!leaks, "{line:?} leaks: {}", told.text());
        }
        if told.status < 400 {
            return;
        }
        let error: Value = serde_json::from_slice(&told.body).unwrap_or_default();
        // What is no HTTP at all is refused without a word.
        let is_worded = error["error"].is_string() || (told.status, told.body.len()) == (400, 0);
        assert!(is_worded, "{line:?}: {}", told.text());
        // What the client said itself is no news to it.
        let asked = path.replace("%2F", "/").replace("%2f", "/");
        let said = told.text().replace(&asked, "");
        let place = self.places.iter().find(|place| said.contains(*place));
        assert_eq!(place, None, "{line:?}: {said}");
    }
}

/// The statuses that the served document knows of each operation.
async fn documented(world: &World) -> BTreeMap<String, Vec<u16>> {
    let told = world.calls("GET /openapi.json", b"").await;
    let document: Value = serde_json::from_slice(&told.body).expect("it is JSON");
    let paths = document["paths"].as_object().expect("it has paths");
    let operations = paths
        .values()
        .flat_map(|path| path.as_object().expect("an item").values());
    let operations = operations.filter_map(|operation| {
        let name = operation["operationId"].as_str()?;
        let statuses = operation["responses"].as_object()?.keys();
        Some((
            name.to_owned(),
            statuses.filter_map(|it| it.parse().ok()).collect(),
        ))
    });
    operations.collect()
}
