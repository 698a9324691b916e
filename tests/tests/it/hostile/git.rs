//! An agent that wants our git to run its programs, to push elsewhere, or to change what it did not make.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use vwm_api::Session;
use vwm_tests::{Repository, World};

use super::{agent, change_settings, could, files_below, world};

/// Everything that a configuration can make git run or follow; each would leave a mark outside the session.
const TRAPS: &str = r#"
    mkdir -p "$OUT/hooks"; trap="$OUT/trap.sh"
    cat > "$trap" <<END
#!/bin/sh
echo "\$0 \$*" >> "$OUTSIDE/mark"
cat 2> /dev/null
END
    chmod +x "$trap"
    set_() { git -c safe.directory='*' config "$@"; }
    set_ core.fsmonitor "$trap fsmonitor"
    set_ core.hooksPath "$OUT/hooks"
    for hook in pre-commit post-checkout reference-transaction pre-push post-commit post-index-change pre-auto-gc fsmonitor-watchman; do
      cp "$trap" "$OUT/hooks/$hook"; mkdir -p .git/hooks; cp "$trap" ".git/hooks/$hook"
    done
    set_ filter.evil.clean "$trap clean"
    set_ filter.evil.smudge "$trap smudge"
    set_ filter.evil.process "$trap process"
    set_ diff.external "$trap diff"
    set_ diff.evil.textconv "$trap textconv"
    set_ merge.evil.driver "$trap merge"
    set_ core.sshCommand "$trap ssh"
    set_ core.gitProxy "$trap proxy"
    set_ core.askPass "$trap ask"
    set_ credential.helper "!$trap credential"
    set_ core.editor "$trap editor"
    set_ core.pager "$trap pager"
    set_ gpg.program "$trap gpg"
    set_ commit.gpgSign true
    set_ uploadpack.packObjectsHook "$trap pack"
    set_ core.alternateRefsCommand "$trap refs"
    set_ remote.origin.uploadpack "$trap upload"
    set_ remote.origin.receivepack "$trap receive"
    set_ remote.origin.url "file://$OUTSIDE/stolen.git"
    set_ remote.origin.pushurl "file://$OUTSIDE/stolen.git"
    set_ "url.file://$OUTSIDE/stolen.git.insteadOf" "file://"
    set_ "url.file://$OUTSIDE/stolen.git.pushInsteadOf" "file://"
    set_ push.default matching
    set_ alias.fetch "!$trap alias"
    set_ core.worktree "$OUTSIDE"
    set_ submodule.recurse true
    printf '* filter=evil diff=evil merge=evil\n' > .gitattributes
    echo content > evil.txt
"#;

/// A world with a project, and a place where a stolen push would arrive.
async fn prepared() -> (World, Repository, Session) {
    let world = world(None).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    git(
        &world.folder(),
        &["init", "--quiet", "--bare", "stolen.git"],
    );
    let session = world.session("bob", Some(&project)).await;
    (world, project, session)
}

/// Git without a wall, as a careless person would run it.
fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*"])
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .output()
        .expect("git is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Ends the session; its branch is at the right remote, nothing is anywhere else, and nothing ran.
async fn ends_well(world: &World, project: &Repository, session: &Session, main: &str) {
    world.end(session.id).await;
    let mark = std::fs::read_to_string(world.folder().join("mark")).unwrap_or_default();
    assert_eq!(mark, "");
    let stolen = git(&world.folder().join("stolen.git"), &["for-each-ref"]);
    assert_eq!(stolen, "");
    let branches = project.branches();
    assert_eq!(
        branches,
        ["main".to_owned(), format!("session-{}", session.id)]
    );
    assert_eq!(project.tip("main"), main);
    let refs = project.git(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(refs.lines().count(), 2, "{refs}");
    // It fails where an object is broken.
    let _ = project.git(&["fsck", "--strict"]);
}

#[tokio::test]
async fn our_git_runs_nothing_that_an_agent_configures_and_pushes_where_it_should() {
    let (world, project, session) = prepared().await;
    let main = project.tip("main");
    agent(
        &world,
        &session,
        &format!(
            "cd session_repo; OUT=$S/home; {TRAPS}
             mkdir nested; cd nested; git init -q; OUT=$S/tmp; {TRAPS}
             git -C $S/workspace/session_repo -c core.fsmonitor=false -c core.hooksPath=/dev/null status > /dev/null
             cd $S/home/acp; cat > .gitconfig <<END\n[core]\nfsmonitor = $S/home/trap.sh global\nEND"
        ),
    )
    .await;
    let repository = world.volume(session.id).workspace().join("session_repo");
    // A trap that does not snap would prove nothing.
    git(&repository, &["--work-tree=.", "status"]);
    let mark = world.folder().join("mark");
    assert!(
        mark.exists(),
        "whoever runs git there without a wall springs the trap"
    );
    std::fs::remove_file(&mark).expect("it is there");
    // Prepared anew, with all that lying there, and then ended.
    change_settings(&world, "Be careful.").await;
    agent(&world, &session, "echo more > session_repo/more.txt").await;
    assert!(!mark.exists());
    ends_well(&world, &project, &session, &main).await;
    let branch = format!("session-{}", session.id);
    assert_eq!(project.file(&branch, "more.txt").as_deref(), Some("more\n"));
}

#[tokio::test]
async fn a_git_directory_that_leads_elsewhere_leads_us_nowhere() {
    let world = world(None).await;
    git(
        &world.folder(),
        &["init", "--quiet", "--bare", "stolen.git"],
    );
    let ways = [
        "mv .git ../old; echo \"gitdir: $S/state/git/session.git\" > .git",
        "mv .git ../old; ln -s $S/state/git/session.git .git",
        "mv .git ../old; echo \"gitdir: $REMOTE\" > .git",
        "mv .git ../old; ln -s $REMOTE .git",
        "mv .git ../old; echo \"gitdir: $OUTSIDE/stolen.git\" > .git",
        "mv .git $S/home/moved; ln -s $S/home/moved .git",
        "mv .git $S/home/moved; echo \"gitdir: $S/home/moved\" > .git",
        "rm -rf .git; git init -q; git -c user.name=x -c user.email=x@x commit -q --allow-empty -m other",
        "echo $S/state/git/session.git/objects > .git/objects/info/alternates; echo $REMOTE/objects >> .git/objects/info/alternates",
        "rm -rf .git/objects; ln -s $S/state/git/session.git/objects .git/objects",
        "rm -rf .git/refs; ln -s $REMOTE/refs .git/refs",
        "echo $S/state/git/session.git > .git/commondir",
        "mkdir -p .git/worktrees/x; echo $S/state/git/session.git > .git/worktrees/x/commondir; echo 'ref: refs/heads/main' > .git/HEAD",
        "rm -f .git/config; ln -s $D/secret.key .git/config",
        "git config include.path $D/admin.key",
        "rm -f .git/HEAD; ln -s $D/admin.key .git/HEAD",
        "rm -rf $S/workspace/session_repo; ln -s $S/kb $S/workspace/session_repo",
        "cd ..; mv session_repo other; ln -s $REMOTE session_repo",
        "cd ..; mv session_repo other; echo file > session_repo",
    ];
    for way in ways {
        let project = Repository::with(&[("README.md", "# Project\n")]);
        let main = project.tip("main");
        let session = world.session("bob", Some(&project)).await;
        let remote = project.path.display();
        agent(
            &world,
            &session,
            &format!("REMOTE={remote}; cd session_repo; {way}\ntrue"),
        )
        .await;
        eprintln!("{way}");
        ends_well(&world, &project, &session, &main).await;
    }
}

/// What an object file is, apart from when it was read.
fn objects(of: &Path) -> BTreeMap<PathBuf, (u64, u32, u64, i64, Vec<u8>)> {
    let facts = |path: PathBuf| {
        let about = path.metadata().expect("it is there");
        let content = std::fs::read(&path).expect("it can be read");
        assert_eq!(about.nlink(), 1, "{} has one name", path.display());
        (
            path,
            (
                about.ino(),
                about.mode(),
                about.nlink(),
                about.mtime(),
                content,
            ),
        )
    };
    files_below(of).into_iter().map(facts).collect()
}

#[tokio::test]
async fn an_agent_changes_no_object_of_the_remote_or_of_ours() {
    let (world, project, session) = prepared().await;
    let main = project.tip("main");
    let ours = world.volume(session.id).state().join("git/session.git");
    let before = (objects(&project.path), objects(&ours));
    assert!(before.0.len() > 3 && before.1.len() > 3);
    let own = objects(
        &world
            .volume(session.id)
            .workspace()
            .join("session_repo/.git/objects"),
    );
    let inodes = |of: &BTreeMap<PathBuf, (u64, u32, u64, i64, Vec<u8>)>| {
        of.values().map(|facts| facts.0).collect::<Vec<_>>()
    };
    let foreign = [inodes(&before.0), inodes(&before.1)].concat();
    assert!(inodes(&own).iter().all(|inode| !foreign.contains(inode)));
    let remote = project.path.display();
    let setup = format!("REMOTE={remote}; OURS={}; cd session_repo", ours.display());
    let tries = [
        (
            "its own",
            "chmod -R u+w .git/objects && find .git/objects -type f | while read f; do echo broken > $f; done",
        ),
        ("list the remote's", "ls $REMOTE/objects"),
        ("list ours", "ls $OURS/objects"),
        ("add to the remote", "echo x > $REMOTE/objects/x"),
        ("add to ours", "echo x > $OURS/objects/x"),
        ("a branch of the remote", "echo x > $REMOTE/refs/heads/x"),
        (
            "a hook of the remote",
            "echo x > $REMOTE/hooks/post-receive",
        ),
        (
            "the remote's configuration",
            "git -c safe.directory='*' --git-dir=$REMOTE config core.fsmonitor x",
        ),
        (
            "push to the remote",
            "git -c safe.directory='*' push -q file://$REMOTE HEAD:refs/heads/x",
        ),
        (
            "push to ours",
            "git -c safe.directory='*' push -q file://$OURS HEAD:refs/heads/x",
        ),
        ("link from the remote", "ln $REMOTE/HEAD ./linked"),
        ("move the remote away", "mv $REMOTE $S/workspace/stolen"),
    ];
    assert_eq!(could(&world, &session, &setup, &tries).await, ["its own"]);
    assert_eq!((objects(&project.path), objects(&ours)), before);
    ends_well(&world, &project, &session, &main).await;
    assert_eq!(project.tip(&format!("session-{}", session.id)), main);
}

#[tokio::test]
async fn a_repository_that_an_agent_made_is_nobodys_remote() {
    let world = world(None).await;
    let one = world.session("bob", None).await;
    let marker = world.folder().join("ran");
    let trap = format!(
        "git init -q --bare -b main evil && printf '#!/bin/sh\ntouch {}\n' > evil/hooks/post-receive && chmod +x evil/hooks/post-receive; ln -s $PWD/evil away",
        marker.display()
    );
    super::agent(&world, &one, &trap).await;
    let workspace = world.volume(one.id).workspace();
    assert!(workspace.join("evil/hooks/post-receive").exists());
    for path in ["evil", "away", "./evil/../evil", "%65vil"] {
        let new = vwm_api::NewSession {
            worker_name: Some("bob".into()),
            repository: Some(vwm_api::Repository {
                url: format!("file://{}/{path}", workspace.display()),
                branch: "main".into(),
            }),
            ..vwm_api::NewSession::default()
        };
        let two = world
            .client()
            .create_session(&new)
            .await
            .expect("it is made");
        let failed = world.reaches(two.id, vwm_api::SessionStatus::Failed).await;
        let reason = failed.status_reason.expect("a reason");
        assert!(
            reason.contains("a session's own folder is nobody's remote"),
            "{path}: {reason}"
        );
        world.end(two.id).await;
    }
    assert!(!marker.exists());
}
