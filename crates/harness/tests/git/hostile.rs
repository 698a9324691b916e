//! An agent that wants our git to run its programs, to push elsewhere, or to carry a secret out.

use std::fs;

use vwm_harness::git::GitError;

use crate::kit::{Lab, TWO_COMMITS, codes, sh};

/// Everything that a configuration can make git run or follow; each would leave a mark outside the session.
const TRAPS: &str = r#"
    cat > $OLDPWD/trap.sh <<END
#!/bin/sh
echo "$0 $*" >> "$OUTSIDE/mark"
cat 2> /dev/null
END
    chmod +x $OLDPWD/trap.sh; trap=$OLDPWD/trap.sh
    git config core.fsmonitor "$trap fsmonitor"
    git config core.hooksPath "$OLDPWD/hooks"
    mkdir -p "$OLDPWD/hooks"
    for hook in pre-commit post-checkout reference-transaction pre-push post-commit post-index-change pre-auto-gc; do
      printf '#!/bin/sh\necho hook >> "%s/mark"\n' "$OUTSIDE" > "$OLDPWD/hooks/$hook"; chmod +x "$OLDPWD/hooks/$hook"
    done
    git config filter.evil.clean "$trap clean"
    git config filter.evil.smudge "$trap smudge"
    git config filter.evil.process "$trap process"
    git config diff.external "$trap diff"
    git config core.sshCommand "$trap ssh"
    git config core.gitProxy "$trap proxy"
    git config core.askPass "$trap ask"
    git config credential.helper "!$trap credential"
    git config core.editor "$trap editor"
    git config core.pager "$trap pager"
    git config gpg.program "$trap gpg"
    git config commit.gpgSign true
    git config uploadpack.packObjectsHook "$trap pack"
    git config core.alternateRefsCommand "$trap refs"
    git config remote.origin.uploadpack "$trap upload"
    git config remote.origin.receivepack "$trap receive"
    git config remote.origin.pushurl "file://$OUTSIDE/stolen.git"
    git config "url.file://$OUTSIDE/stolen.git.insteadOf" "file://"
    git config "url.file://$OUTSIDE/stolen.git.pushInsteadOf" "file://"
    git config alias.fetch "!$trap alias"
    printf '* filter=evil\n' > .gitattributes
    echo content > evil.txt
"#;

#[tokio::test]
async fn nothing_that_the_agent_configures_runs_outside_the_wall_or_redirects_the_push() {
    let lab = Lab::new(TWO_COMMITS);
    sh(&lab.path("outside"), "git init -q --bare stolen.git");
    lab.prepare().await;
    lab.does(&format!(
        "cd ../session_repo; {TRAPS}
         git init -q nested; cd ..; cd session_repo/nested; OLDPWD=$HOME; {TRAPS}"
    ))
    .await;
    // A trap that does not snap would prove nothing.
    assert!(
        lab.path("s/workspace/session_repo/trap.sh").exists()
            && lab.path("s/home/trap.sh").exists()
    );
    lab.prepare().await;
    let gathered = lab.collect().await;
    lab.push().await;
    assert!(
        codes(&gathered.notices).contains(&"nested_repository"),
        "{:?}",
        gathered.notices
    );
    assert_eq!(lab.remote().get(&lab.repo.branch), gathered.head.as_ref());
    assert!(
        !lab.path("outside/mark").exists(),
        "{}",
        fs::read_to_string(lab.path("outside/mark")).unwrap_or_default()
    );
    assert_eq!(
        sh(
            &lab.path("outside"),
            "git --git-dir=stolen.git for-each-ref"
        ),
        ""
    );
    // Whoever runs git there without a wall springs the trap.
    lab.sh("cd s/workspace/session_repo && OUTSIDE=$PWD/../../../outside git -c safe.directory='*' status || true");
    assert!(lab.path("outside/mark").exists());
}

#[tokio::test]
async fn a_filter_that_fails_or_lies_costs_no_file() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("git config filter.no.clean false && git config filter.no.required true && printf '*.no filter=no\n' > .gitattributes && echo n > n.no")
        .await;
    let gathered = lab.collect().await;
    assert_eq!(
        codes(&gathered.notices),
        ["leftovers_archived", "files_archived"]
    );
    assert_eq!(
        lab.sh("tar -xOf s/state/collected/session_repo-*.tar session_repo/n.no"),
        "n"
    );
}

#[tokio::test]
async fn object_files_of_the_remote_and_the_harness_cannot_be_changed_by_the_agent() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("find .git/objects -type f | while read f; do chmod u+w $f; echo broken > $f; done")
        .await;
    lab.sh("git --git-dir=remote.git fsck --strict && git --git-dir=s/state/git/session.git fsck --strict");
    let gathered = lab.collect().await;
    assert_eq!(codes(&gathered.notices)[0], "tree_unusable");
    assert_eq!(gathered.head.as_ref(), lab.remote().get("main"));
}

#[tokio::test]
async fn a_secret_in_a_commit_is_not_pushed() {
    for script in [
        "env > env.txt; echo key=sk-test-door >> env.txt",
        "git commit -q --allow-empty -m 'the key is sk-test-door'",
        "head -c 65530 /dev/zero > x.bin; echo sk-test-door >> x.bin; git add .; git commit -qm x; git rm -q x.bin; git commit -qm y",
    ] {
        let lab = Lab::new(TWO_COMMITS);
        lab.prepare().await;
        lab.does(script).await;
        let refused = lab
            .repo
            .collect(&lab.context())
            .await
            .expect_err("a secret");
        assert!(
            matches!(refused, GitError::SecretInCommit { .. }),
            "{refused}"
        );
        assert!(!refused.to_string().contains("sk-test-door"), "{refused}");
        assert_eq!(lab.push().await.sha, None, "{script}");
        assert_eq!(lab.remote().len(), 1, "{script}");
    }
}
