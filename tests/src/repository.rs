//! Real git repositories, bare, as a remote has them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::disk::Disk;
use crate::until;

/// A bare repository.
pub struct Repository {
    /// Its folder.
    pub path: PathBuf,
    place: Place,
}

/// What a repository lies on, and goes with.
enum Place {
    Folder(TempDir),
    Disk(Disk),
}

impl Repository {
    /// An empty one.
    #[must_use]
    pub fn empty() -> Self {
        Self::at(Place::Folder(tempfile::tempdir().expect("a folder")))
    }

    /// One with a commit of these files on `main`, on a disk of its own that is small.
    #[must_use]
    pub fn on_a_small_disk(files: &[(&str, &str)]) -> Self {
        let repository = Self::at(Place::Disk(Disk::mount()));
        repository.commit("main", files);
        repository
    }

    fn at(place: Place) -> Self {
        let folder = place.folder();
        let args = ["--quiet", "--bare", "--initial-branch=main", "remote.git"];
        git(folder, &[&["init"], &args[..]].concat());
        let path = folder.join("remote.git");
        Self { path, place }
    }

    /// One with a commit of these files on `main`.
    #[must_use]
    pub fn with(files: &[(&str, &str)]) -> Self {
        let repository = Self::empty();
        repository.commit("main", files);
        repository
    }

    /// Commits files to a branch, as a team member would.
    pub fn commit(&self, branch: &str, files: &[(&str, &str)]) {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = folder.path();
        git(tree, &["clone", "--quiet", &self.url(), "."]);
        let has_branch = self.branches().iter().any(|known| known == branch);
        if has_branch {
            git(tree, &["checkout", "--quiet", branch]);
        } else {
            git(tree, &["checkout", "--quiet", "-B", branch]);
        }
        for (path, text) in files {
            let path = tree.join(path);
            std::fs::create_dir_all(path.parent().expect("a file is in a folder"))
                .expect("makes a folder");
            std::fs::write(path, text).expect("writes");
        }
        git(tree, &["add", "--all"]);
        git(tree, &["commit", "--quiet", "--message", "Write files"]);
        git(tree, &["push", "--quiet", "origin", branch]);
    }

    /// Runs a shell script in a clone, and pushes what it committed to `main`.
    pub fn script(&self, script: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        git(folder.path(), &["clone", "--quiet", &self.url(), "."]);
        let all = format!("set -e\n{script}\ngit push --quiet origin HEAD:main");
        let output = program("sh", folder.path())
            .args(["-c", &all])
            .output()
            .expect("there is a shell");
        assert!(
            output.status.success(),
            "{script}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Refuses every push from now on.
    pub fn refuse_pushes(&self) {
        self.hook("pre-receive", "echo 'this week is frozen' >&2\nexit 1");
    }

    /// Counts the pushes that it takes from now on.
    pub fn count_pushes(&self) {
        self.hook("post-receive", "echo push >> pushes");
    }

    /// How many pushes it took since it counts them.
    #[must_use]
    pub fn pushes(&self) -> usize {
        let counted = std::fs::read_to_string(self.path.join("pushes"));
        counted.unwrap_or_default().lines().count()
    }

    /// Holds every push from now on, before it is taken.
    pub fn hold_pushes(&self) {
        std::fs::write(self.path.join("holding"), "").expect("writes");
        // Who waits goes when the repository does.
        let waits = ": > held; while [ -e holding ]; do sleep 0.01; done";
        self.hook("pre-receive", waits);
    }

    /// Waits until a push is held; asked again, until a later one is.
    pub async fn holds(&self) {
        until("a push to be held", async || {
            std::fs::remove_file(self.path.join("held")).ok()
        })
        .await;
    }

    /// Takes what it holds, and all that comes.
    pub fn release_pushes(&self) {
        std::fs::remove_file(self.path.join("holding")).expect("it held them");
        self.take_pushes();
    }

    /// Goes away, until it comes back.
    pub fn go_away(&self) {
        std::fs::rename(&self.path, self.path.with_extension("away")).expect("it is there");
    }

    /// Is there again.
    pub fn come_back(&self) {
        std::fs::rename(self.path.with_extension("away"), &self.path).expect("it was away");
    }

    /// Fills the small disk that it lies on.
    pub fn fill_disk(&self) {
        self.disk().fill();
    }

    /// Makes room on it again.
    pub fn free_disk(&self) {
        self.disk().free();
    }

    fn disk(&self) -> &Disk {
        match &self.place {
            Place::Disk(disk) => disk,
            Place::Folder(_) => panic!("it has no disk of its own"),
        }
    }

    fn hook(&self, name: &str, script: &str) {
        let hook = self.path.join("hooks").join(name);
        std::fs::create_dir_all(self.path.join("hooks")).expect("makes a folder");
        std::fs::write(&hook, format!("#!/bin/sh\n{script}\n")).expect("writes");
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755))
            .expect("changes rights");
    }

    /// Takes pushes again.
    pub fn take_pushes(&self) {
        std::fs::remove_file(self.path.join("hooks/pre-receive")).expect("it refused them");
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Its branches, sorted.
    #[must_use]
    pub fn branches(&self) -> Vec<String> {
        let text = self.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        text.lines().map(str::to_owned).collect()
    }

    /// What a branch holds at a path; none when it holds nothing there.
    #[must_use]
    pub fn file(&self, branch: &str, path: &str) -> Option<String> {
        let output = command(&self.path, &["show", &format!("{branch}:{path}")])
            .output()
            .expect("git runs");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The commit that a branch stands at.
    #[must_use]
    pub fn tip(&self, branch: &str) -> String {
        self.git(&["rev-parse", branch]).trim().to_owned()
    }

    /// Asks git in the repository.
    #[must_use]
    pub fn git(&self, args: &[&str]) -> String {
        git(&self.path, args)
    }
}

impl Place {
    fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder.path(),
            Self::Disk(disk) => disk.path(),
        }
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = program("git", folder);
    command.args(args);
    command
}

/// A program that knows nothing of who runs the tests.
pub(crate) fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(name);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/nowhere")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Team")
        .env("GIT_AUTHOR_EMAIL", "team@example.com")
        .env("GIT_COMMITTER_NAME", "Team")
        .env("GIT_COMMITTER_EMAIL", "team@example.com");
    command
}

fn git(folder: &Path, args: &[&str]) -> String {
    let output = command(folder, args).output().expect("git is installed");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
