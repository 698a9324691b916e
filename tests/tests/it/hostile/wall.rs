//! What an agent can read, and whom it can disturb.

use vwm_harness::supervisor::leaves_open;
use vwm_tests::Repository;

use super::{could, world};

/// Finds who starts whom: `$AGENT` is the engine, `$SUPERVISOR` its parent.
const PROCESSES: &str = "AGENT=$PPID; SUPERVISOR=$(sed 's/.*) . //; s/ .*//' /proc/$PPID/stat); export AGENT SUPERVISOR";

#[tokio::test]
async fn an_agent_reads_nothing_of_the_server_and_of_other_sessions() {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let world = world(Some(&knowledge)).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let own = world.session("bob", Some(&project)).await;
    let other = world.session("bob", Some(&project)).await;
    super::agent(
        &world,
        &other,
        "echo mine > $S/workspace/mine; echo mine > $S/home/mine; echo mine > $S/tmp/mine",
    )
    .await;
    let data = world.data_dir();
    let (mine, theirs) = (world.volume(own.id).root, world.volume(other.id).root);
    // What is not there could not be read by anybody.
    let mut there = vec![
        data.join("admin.key"),
        data.join("secret.key"),
        data.join("server.json"),
        mine.join("state/journal"),
        mine.join("state/lock"),
        mine.join("state/engines.lock"),
        mine.join("state/harness.log"),
        mine.join("state/job.json"),
        mine.join("state/git/session.git/HEAD"),
        theirs.join("workspace/mine"),
        theirs.join("home/mine"),
        theirs.join("tmp/mine"),
        theirs.join("kb/COMPANY.md"),
        theirs.join("workspace/session_repo/README.md"),
        theirs.join("state/journal"),
        world.data_dir().with_extension("log"),
    ];
    there.extend(world.database_file());
    for path in &there {
        assert!(path.exists(), "{} is there", path.display());
    }
    let commands: Vec<String> = there
        .iter()
        .flat_map(|path| {
            let path = path.display();
            [
                format!("cat {path}"),
                format!("ln -s {path} $S/tmp/link && cat $S/tmp/link"),
                format!("ln {path} $S/tmp/hard && cat $S/tmp/hard"),
                format!("cp {path} $S/tmp/copy"),
                format!("mv {path} $S/tmp/moved"),
                format!("cat /proc/self/root{path}"),
                format!("cat /proc/self/cwd/../../../..{path}"),
                format!(": >> {path}"),
                format!("truncate -s 0 {path}"),
                format!("rm {path}"),
            ]
        })
        .chain(
            [
                data,
                mine.join("state"),
                theirs.clone(),
                theirs.join("workspace"),
            ]
            .iter()
            .flat_map(|folder| {
                let folder = folder.display();
                [
                    format!("ls {folder}"),
                    format!(": > {folder}/new"),
                    format!("mkdir {folder}/folder"),
                ]
            }),
        )
        .chain([
            "ls $S".to_owned(),
            ": > $S/new".to_owned(),
            "cat /etc/shadow".to_owned(),
            ": > /tmp/vwm-hostile-new".to_owned(),
        ])
        .collect();
    let mut tries: Vec<(&str, &str)> = commands
        .iter()
        .map(|command| (command.as_str(), command.as_str()))
        .collect();
    tries.push((
        "its own workspace",
        "echo x > $S/workspace/x && cat $S/workspace/x",
    ));
    tries.push((
        "its own knowledge base",
        "cat $S/workspace/worker_repo/COMPANY.md $S/kb/COMPANY.md",
    ));
    assert_eq!(
        could(&world, &own, "", &tries).await,
        ["its own workspace", "its own knowledge base"]
    );
    // The wall of this level has holes, and says so.
    assert!(
        leaves_open()
            .contains(&"change mode, owner, times and attributes of any file of the same user")
    );
}

#[tokio::test]
async fn an_agent_looks_into_no_process_of_ours_and_disturbs_none() {
    let world = world(None).await;
    let own = world.session("bob", None).await;
    let other = world.session("bob", None).await;
    // Its engine starts with its first turn.
    super::agent(&world, &other, "true").await;
    let server = world.server_pid();
    let processes = [
        ("server", server.to_string()),
        ("harness", world.harness(own.id).to_string()),
        ("supervisor", "$SUPERVISOR".to_owned()),
        ("other harness", world.harness(other.id).to_string()),
        (
            "other engine",
            vwm_tests::descendants(world.harness(other.id))
                .last()
                .expect("it runs")
                .to_string(),
        ),
    ];
    let acts = [
        ("its environment", "cat /proc/$P/environ"),
        ("its maps", "cat /proc/$P/maps"),
        ("its memory", "exec 3< /proc/$P/mem"),
        ("write its memory", "exec 3>> /proc/$P/mem"),
        ("its descriptors", "ls -l /proc/$P/fd/ | grep -e '->'"),
        ("its input", "exec 3< /proc/$P/fd/0"),
        ("its output", "exec 3>> /proc/$P/fd/1"),
        ("its errors", "exec 3>> /proc/$P/fd/2"),
        ("its root", "ls /proc/$P/root/"),
        ("its folder", "readlink /proc/$P/cwd"),
        ("whether it hears signals", "kill -0 $P"),
        ("stop it", "kill -STOP $P"),
        ("kill it", "kill -KILL $P"),
        ("end it", "kill -TERM $P"),
        (
            "make it likely to be killed",
            "echo 1000 > /proc/$P/oom_score_adj",
        ),
    ];
    let mut tries = Vec::new();
    for (whose, pid) in &processes {
        for (what, command) in acts {
            tries.push((format!("{whose}: {what}"), format!("P={pid}; {command}")));
        }
    }
    tries.push((
        "itself".to_owned(),
        "cat /proc/self/environ && exec 3< /proc/self/mem && kill -0 $$".to_owned(),
    ));
    let tries: Vec<(&str, &str)> = tries
        .iter()
        .map(|(name, command)| (name.as_str(), command.as_str()))
        .collect();
    assert_eq!(could(&world, &own, PROCESSES, &tries).await, ["itself"]);
}

#[tokio::test]
async fn an_agents_shell_cannot_forge_what_its_engine_says() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let update = r#"{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"FORGED"}}}}"#;
    let forged = format!("echo '{update}' > /proc/$AGENT/fd/1");
    let injected = "echo forged > /proc/$AGENT/fd/0";
    let tries = [
        ("forge", forged.as_str()),
        ("inject", injected),
        ("read", "exec 3< /proc/$AGENT/fd/1"),
    ];
    assert_eq!(
        could(&world, &session, PROCESSES, &tries).await,
        Vec::<String>::new()
    );
}
