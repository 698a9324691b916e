//! Failpoints as they are compiled for tests: a process that kills, stops or fails itself where it is told to.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::OnceLock;

use rustix::process::{Signal, getpid, kill_process};

use crate::config::Config;
use crate::points::POINTS;

static CONFIG: OnceLock<Config> = OnceLock::new();

/// Reads from the environment what shall happen where: `name=action;…`, with the actions of the crate `fail` and `kill`, `stop` and
/// `enospc` beside them. A program calls it once, at its start. What the file of what has happened names does not happen again.
pub fn start() {
    let config = CONFIG.get_or_init(Config::read);
    let told = config.told.as_deref().map(read).unwrap_or_default();
    for entry in config.ours.split(';').filter(|entry| !entry.is_empty()) {
        let (name, action) = entry.split_once('=').unwrap_or((entry, "kill"));
        assert!(
            POINTS.iter().any(|point| point.name == name),
            "there is no failpoint {name:?}"
        );
        if told.lines().any(|line| line == name) {
            continue;
        }
        if let Err(fault) = fail::cfg(name, &as_fail_says(action)) {
            panic!("failpoint {name} cannot do {action:?}: {fault}");
        }
    }
}

/// A moment of the road: whoever is told to dies here.
pub fn pass(name: &'static str) {
    // Whether it fails matters to nobody here.
    let _ = fallible(name);
}

/// As [`pass`], where a method of the store stands: `store.<method>.<when>`. The method is known by the closure that it runs.
pub fn pass_method<F>(when: &'static str) {
    let name = format!("store.{}.{when}", method_of(std::any::type_name::<F>()));
    if let Some(point) = POINTS.iter().find(|point| point.name == name) {
        pass(point.name);
    }
}

/// The function in which a closure stands: `create_turn` of `…::<impl Store>::create_turn::{{closure}}::{{closure}}`.
fn method_of(closure: &str) -> &str {
    closure
        .split("::")
        .take_while(|part| !part.starts_with("{{closure}}"))
        .last()
        .unwrap_or_default()
}

/// A moment of the road at which something may fail, as a disk that is full.
pub fn fallible(name: &'static str) -> io::Result<()> {
    fail::fail_point!(name, |action| act(name, &action.unwrap_or_default()));
    Ok(())
}

/// The variables that a harness of this generation, or the program that pushes, is started with.
pub fn environment_of(who: impl Display) -> Vec<(&'static str, String)> {
    match CONFIG.get() {
        Some(config) => config.of(&who.to_string()),
        None => Vec::new(),
    }
}

/// By how much the clock is to be wrong just now.
#[must_use]
pub fn clock_shift_micros() -> i64 {
    let file = CONFIG.get().and_then(|config| config.clock.as_deref());
    let seconds = file.map_or(0, |file| read(file).trim().parse().unwrap_or(0));
    1_000_000 * seconds
}

/// The crate knows `return`, and what is returned is for us to understand.
fn as_fail_says(action: &str) -> String {
    let parts = action.split("->").map(|part| {
        let (count, what) = match part.split_once('*') {
            Some((count, what)) => (format!("{count}*"), what),
            None => (String::new(), part),
        };
        match what {
            "kill" | "stop" | "enospc" => format!("{count}return({what})"),
            other => format!("{count}{other}"),
        }
    });
    parts.collect::<Vec<_>>().join("->")
}

fn act(name: &str, action: &str) -> io::Result<()> {
    tell(name);
    match action {
        "kill" => signal(Signal::KILL),
        "stop" => signal(Signal::STOP),
        "enospc" => return Err(io::Error::from(io::ErrorKind::StorageFull)),
        other => panic!("failpoint {name} does not know {other:?}"),
    }
    Ok(())
}

fn signal(signal: Signal) {
    // A process may always signal itself.
    let _ = kill_process(getpid(), signal);
}

/// Writes down that it happens, before it does.
fn tell(name: &str) {
    let Some(path) = CONFIG.get().and_then(|config| config.told.as_deref()) else {
        return;
    };
    let told = File::options().create(true).append(true).open(path);
    // Whoever misses it there fails the test.
    let _ = told.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes()));
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_returned_and_the_rest_is_left_as_it_is() {
        assert_eq!(as_fail_says("kill"), "return(kill)");
        assert_eq!(
            as_fail_says("2*off->1*stop->pause"),
            "2*off->1*return(stop)->pause"
        );
    }

    #[test]
    fn a_method_is_known_by_its_closure() {
        fn name<F>(_: &F) -> &'static str {
            std::any::type_name::<F>()
        }
        assert_eq!(
            method_of(name(&|| || ())),
            "a_method_is_known_by_its_closure"
        );
        let in_impl = "vwm_store::turns::create::<impl vwm_store::Store>::create_turn::{{closure}}::{{closure}}";
        assert_eq!(method_of(in_impl), "create_turn");
    }
}
