//! The two examples of when to use a worker and when to ask a model, as they stand in the document.

use serde_json::json;
use vwm_tests::{Block, Document, Repository, Said, World, has_lines, shell};

#[tokio::test]
async fn a_model_says_yes_and_a_worker_hands_over_a_branch() {
    let world = World::start(json!({"rules": [
        {"when": "Find out why, mend it", "steps": [
            {"text": "I look. ", "shell": "echo 'def total(): ...' > session_repo/total.py"},
            {"text": "A negative price was added with its sign twice. It is mended, with a test."}]}]}))
    .await;
    world.worker(json!({"cliType": "claude-code"})).await;
    let project = Repository::with(&[("total.py", "def total(): pass\n")]);
    let blocks = Document::read("docs/concepts.md").blocks();
    let kinds: Vec<_> = blocks.iter().map(|block| block.language.as_str()).collect();
    assert_eq!(kinds, ["sh", "text", "sh", "text"]);
    for pair in blocks.chunks(2) {
        let [Block { text: lines, .. }, Block { text: shown, .. }] = pair else {
            panic!("an example without an answer: {pair:?}");
        };
        let mut command = shell(&world.folder(), lines);
        command
            .env("ANTHROPIC_BASE_URL", world.model.url())
            .env("ANTHROPIC_API_KEY", "sk-test")
            .env("VWM_DATA_DIR", world.data_dir())
            .env("REPOSITORY", project.url());
        let said = Said::by(command).await;
        assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
        assert!(has_lines(shown, &said.out), "{}\n{}", said.out, said.err);
    }
    let branches = project.branches();
    assert_eq!(branches.len(), 2, "{branches:?}");
    assert!(branches[1].starts_with("session-"), "{branches:?}");
}
