//! `examples/ci`: the workflow's own line, and the script that it runs.

use serde_json::{Value, json};
use vwm_tests::{Document, Repository, Said, World};

use super::beside;

/// The lines that the workflow runs.
fn runs() -> Vec<String> {
    let workflow = Document::read("examples/ci/vwm.yml");
    let lines = workflow.text().lines().map(str::trim_start);
    lines
        .filter_map(|line| line.strip_prefix("run: "))
        .map(str::to_owned)
        .collect()
}

async fn world_of(steps: Value) -> World {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let when = "Review the branch feature against our guidelines";
    let engine = world.agent(json!({"rules": [{"when": when, "steps": steps}]}));
    world.worker(json!({"engine": engine})).await;
    world
}

fn project() -> Repository {
    let project = Repository::with(&[("README.md", "# Project\n")]);
    project.commit("feature", &[("total.py", "def total(): pass\n")]);
    project
}

/// Runs the workflow's first line, as its runner does.
async fn review(world: &World, project: &Repository) -> (Said, String, Value) {
    let mut command = beside(world, &runs()[0]);
    command
        .env("REPOSITORY", project.url())
        .env("BRANCH", "feature");
    let said = Said::by(command).await;
    let file = |name| std::fs::read_to_string(world.folder().join(name)).unwrap_or_default();
    let report = serde_json::from_str(&file("report.json")).unwrap_or_default();
    (said, file("comment.md"), report)
}

#[tokio::test]
async fn a_review_mends_pushes_and_says_what_a_comment_should_say() {
    let steps = json!([
        {"write": ["session_repo/total.py", "def total(): return 0\n"]},
        {"text": "The total is mended."}]);
    let (world, project) = (world_of(steps).await, project());
    let (said, comment, report) = review(&world, &project).await;
    assert_eq!(said, Said::new(0, "", ""));
    let branch = report["branches"][0]["branch"].as_str().expect("a branch");
    let sha = project.tip(branch);
    let expected = format!(
        "### complete: review by a virtual worker\n\nThe total is mended.\n\nPushed: `{branch}` at {}\n",
        &sha[..12]
    );
    assert_eq!(comment, expected);
    assert_eq!(report["session"]["breadcrumbs"], json!(["ci:feature"]));
    let mended = project.file(branch, "total.py");
    assert_eq!(mended.as_deref(), Some("def total(): return 0\n"));
}

#[tokio::test]
async fn a_review_that_fails_fails_the_job_and_the_comment_says_why() {
    let world = world_of(json!([{"fail": "boom"}])).await;
    let (said, comment, report) = review(&world, &project()).await;
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(comment.starts_with("### failed: "), "{comment}");
    assert!(comment.contains("\nengine_failed: "), "{comment}");
    assert_eq!(report["answer"]["status"], "failed");
}

#[tokio::test]
async fn a_review_by_nobody_fails_the_job_and_the_comment_says_why() {
    let world = World::start(json!({})).await;
    let (said, comment, _) = review(&world, &project()).await;
    assert_eq!(said.code, Some(1), "{}", said.err);
    let told = "### failed: review by a virtual worker\n\nthere is no worker \"bob\"\n";
    assert_eq!(comment, told);
}

#[test]
fn the_workflow_gives_the_script_what_it_reads_and_keeps_what_it_writes() {
    let workflow = Document::read("examples/ci/vwm.yml");
    for line in [
        "VWM_URL: ${{ secrets.VWM_URL }}",
        "VWM_API_KEY: ${{ secrets.VWM_API_KEY }}",
        "BRANCH: ${{ github.head_ref }}",
        "path: report.json",
    ] {
        let mut lines = workflow.text().lines();
        assert!(lines.any(|it| it.trim_start() == line), "no {line:?}");
    }
    assert_eq!(runs().len(), 2);
    assert!(runs()[1].contains("--body-file comment.md"));
}
