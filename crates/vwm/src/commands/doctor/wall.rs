//! The wall that this machine gives, and what the user means for it.

use vwm_harness::supervisor::{self, WallLevel};

use super::check::Check;

/// The wall, and what it leaves open.
pub(super) fn wall(is_unconfined: bool) -> (Check, Vec<&'static str>) {
    let level = supervisor::probe();
    let leaves_open = match level {
        WallLevel::Landlock { .. } => supervisor::leaves_open().to_vec(),
        WallLevel::None { .. } => {
            vec!["do whatever the user may: there is no wall on this machine"]
        }
    };
    (told(&level, is_unconfined), leaves_open)
}

fn told(level: &WallLevel, is_unconfined: bool) -> Check {
    match level {
        WallLevel::Landlock { abi } => Check::ok("wall", format!("landlock, ABI {abi}")),
        WallLevel::None { why } if is_unconfined => Check::warn(
            "wall",
            format!("none, and sessions run without it: {why}"),
            "let no stranger's text reach a worker, or move to a machine that has the wall",
        ),
        WallLevel::None { why } => Check::fail(
            "wall",
            format!("none, and sessions fail without it: {why}"),
            "move to a machine that has it, or let engines run without a wall: `vwm server --unconfined`",
        ),
    }
}

/// The user.
pub(super) fn user() -> Check {
    let user = rustix::process::geteuid();
    if !user.is_root() {
        return Check::ok("user", format!("uid {}", user.as_raw()));
    }
    Check::warn(
        "user",
        "root: engines lose its capabilities, and still own the system's files, \
         whose mode, owner and times the wall leaves open",
        "run vwm as a user of its own",
    )
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn a_missing_wall_fails_unless_it_is_not_wanted() {
        let none = WallLevel::None {
            why: "old kernel".to_owned(),
        };
        let some = WallLevel::Landlock { abi: 7 };
        assert_eq!(told(&some, false), Check::ok("wall", "landlock, ABI 7"));
        assert_eq!(told(&none, false).state, State::Fail);
        assert_eq!(told(&none, true).state, State::Warn);
        assert!(told(&none, false).found.ends_with(": old kernel"));
    }
}
