//! Git inside the wall: without credentials, on what the engine could write, believing nothing of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::process::{Launch, Limits, ProcessError};

use super::clean::{Clean, FETCH, Meets, SETTINGS, plain_environment, settings_environment};
use vwm_api::harness::PROGRAMS;

use super::{Context, GitError, url};

/// What one call may print.
const MAX_OUTPUT: usize = 32 * 1024 * 1024;
/// What is kept of the complaints.
const MAX_COMPLAINT: usize = 2048;
/// Old history has these, and they do no harm.
const HARMLESS: [&str; 9] = [
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badTimezone",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "zeroPaddedFilemode",
];

/// A repository that git reads inside the wall.
pub(super) struct Inside<'a> {
    ctx: &'a Context<'a>,
    git_dir: PathBuf,
    work_tree: PathBuf,
}

/// What a git inside the wall said.
pub(super) struct Said {
    /// The exit code; none when a signal ended it.
    pub(super) code: Option<i32>,
    /// What it printed.
    pub(super) out: Vec<u8>,
    /// The tail of what it complained about.
    pub(super) complaint: String,
}

impl<'a> Inside<'a> {
    /// The engine's own repository.
    pub(super) fn of_tree(ctx: &'a Context<'a>, tree: &Path) -> Self {
        Self::new(ctx, &tree.join(".git"), tree)
    }

    /// A git directory and the folder whose files it looks at.
    pub(super) fn new(ctx: &'a Context<'a>, git_dir: &Path, work_tree: &Path) -> Self {
        Self {
            ctx,
            git_dir: git_dir.to_owned(),
            work_tree: work_tree.to_owned(),
        }
    }

    /// Runs git and returns how it ended; `doing` completes "cannot …".
    pub(super) async fn run(
        &self,
        doing: &str,
        args: &[&str],
        index: Option<&Path>,
        input: Option<Vec<u8>>,
    ) -> Result<Said, GitError> {
        let deadline = self.ctx.patience.for_work();
        self.run_within(deadline, doing, args, index, input).await
    }

    /// Likewise, in less time than other calls have; an end that does not come is noted for those that follow.
    pub(super) async fn run_within(
        &self,
        deadline: Duration,
        doing: &str,
        args: &[&str],
        index: Option<&Path>,
        input: Option<Vec<u8>>,
    ) -> Result<Said, GitError> {
        let mut launch = self.launch(args)?;
        launch.env.insert("GIT_DIR".to_owned(), text(&self.git_dir));
        launch
            .env
            .insert("GIT_WORK_TREE".to_owned(), text(&self.work_tree));
        if let Some(index) = index {
            launch.env.insert("GIT_INDEX_FILE".to_owned(), text(index));
        }
        let limits = Limits {
            deadline,
            max_output: MAX_OUTPUT,
        };
        let ran = self.ctx.host.run(&launch, input, limits).await;
        if let Err(ProcessError::Deadline { .. }) = &ran {
            self.ctx.patience.note_hang();
        }
        let output = ran.map_err(|source| GitError::Inside {
            doing: doing.to_owned(),
            source,
        })?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        let from = complaint.ceil_char_boundary(complaint.len().saturating_sub(MAX_COMPLAINT));
        Ok(Said {
            code: output.exit.code,
            complaint: self.ctx.without_secrets(complaint[from..].trim()),
            out: output.stdout,
        })
    }

    /// Runs git and returns what it printed, without the last line end.
    pub(super) async fn text(&self, doing: &str, args: &[&str]) -> Result<String, GitError> {
        self.run(doing, args, None, None).await?.text(doing)
    }

    /// What a name stands for, if it does.
    pub(super) async fn look_up(&self, name: &str) -> Result<Option<String>, GitError> {
        let said = self
            .run(
                "look up a name",
                &["rev-parse", "-q", "--verify", name],
                None,
                None,
            )
            .await?;
        Ok((said.code == Some(0)).then(|| String::from_utf8_lossy(&said.out).trim().to_owned()))
    }

    /// The commit that a name stands for.
    pub(super) async fn commit(&self, name: &str) -> Result<Option<String>, GitError> {
        self.look_up(&format!("{name}^{{commit}}")).await
    }

    /// Whether all of one commit is in another.
    pub(super) async fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, GitError> {
        let doing = "compare commits";
        let args = ["merge-base", "--is-ancestor", older, newer];
        let said = self.run(doing, &args, None, None).await?;
        match said.code {
            Some(1) => Ok(false),
            _ => said.text(doing).map(|_| true),
        }
    }

    /// Whether the repository's own configuration says yes to something.
    pub(super) async fn is_set(&self, key: &str) -> Result<bool, GitError> {
        let args = ["config", "--type=bool", "--get", key];
        let said = self.run("read a setting", &args, None, None).await?;
        Ok(said.code == Some(0) && said.out.trim_ascii() == b"true")
    }

    /// Makes a name stand for a commit.
    pub(super) async fn name(&self, name: &str, commit: &str) -> Result<(), GitError> {
        self.text("name a commit", &["update-ref", "--no-deref", name, commit])
            .await
            .map(drop)
    }

    /// Brings commits out: our git fetches, and what it asks runs inside the wall.
    pub(super) async fn fetch_out(
        &self,
        clean: &Clean<'_>,
        doing: &str,
        what: &[String],
    ) -> Result<(), GitError> {
        let file = self
            .ctx
            .git_folder()
            .join(format!("serve-{}.json", Uuid::new_v4()));
        let launch = self.launch(&["upload-pack"])?;
        let serve = self
            .ctx
            .host
            .serving_command(&launch, &file)
            .map_err(GitError::file("let git be served inside the wall"))?;
        let serve = format!("--upload-pack={serve}");
        // As an address and not as a path: git would look itself whether a path is a bundle.
        let from = url::of_path(&self.git_dir);
        let mut args = vec!["-c".to_owned(), "fetch.fsckObjects=true".to_owned()];
        for message in HARMLESS {
            args.extend(["-c".to_owned(), format!("fetch.fsck.{message}=warn")]);
        }
        args.extend(FETCH.map(str::to_owned));
        args.extend([serve, "--".to_owned(), from]);
        args.extend(what.iter().cloned());
        let done = clean.git(doing, &args).meets(Meets::Disk).text().await;
        // It is gone already when the serving side took it.
        let _ = std::fs::remove_file(&file);
        done.map(drop)
    }

    fn launch(&self, args: &[&str]) -> Result<Launch, GitError> {
        let ctx = self.ctx;
        let mut env: std::collections::BTreeMap<String, String> = plain_environment()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(ctx.identity())
            .collect();
        let settings = SETTINGS.into_iter().chain([
            // The files may be of another user than the process; inside the wall there is nothing to protect from them.
            ("safe.directory", "*"),
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("core.quotePath", "false"),
        ]);
        env.extend(settings_environment(settings));
        env.insert("GIT_ALLOW_PROTOCOL".to_owned(), "file".to_owned());
        env.insert("PATH".to_owned(), PROGRAMS.to_owned());
        env.insert("HOME".to_owned(), text(&ctx.home));
        env.insert("TMPDIR".to_owned(), text(&ctx.tmp));
        Ok(Launch {
            program: ctx.git_program()?,
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env,
            cwd: self.work_tree.clone(),
        })
    }
}

impl Said {
    /// What it printed, without the last line end, if all went well.
    pub(super) fn text(self, doing: &str) -> Result<String, GitError> {
        if self.code == Some(0) {
            Ok(String::from_utf8_lossy(&self.out).trim_end().to_owned())
        } else {
            Err(GitError::Failed {
                doing: doing.to_owned(),
                tail: self.complaint,
            })
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
