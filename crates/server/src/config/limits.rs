//! The numbers that bound what a server takes on and how long it keeps things; 0 means without a bound.

use serde::Deserialize;

use super::ConfigError;
use super::environment::Environment;

/// One list says of each limit its name, its flag's help with its variable, and its default; the flags, the file's section and the
/// values are made of it.
macro_rules! limits {
    ($($name:ident, $variable:literal, $default:literal, $value:literal, $help:literal, $doc:literal;)+) => {
        /// What bounds a server; 0 means without a bound.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $doc] pub $name: u64,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// The flags.
        #[derive(Debug, Clone, Default, clap::Args)]
        pub struct LimitArgs {
            $(
                #[doc = concat!($help, " [env: ", $variable, "] [default: ", stringify!($default), "]")]
                #[arg(long, value_name = $value)]
                pub $name: Option<u64>,
            )+
        }

        /// The section `limits` of the file.
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(super) struct LimitFile {
            $($name: Option<u64>,)+
        }

        /// Flags over variables over the file over defaults.
        pub(super) fn resolve(args: &LimitArgs, env: &Environment, file: &LimitFile) -> Result<Limits, ConfigError> {
            let usual = Limits::default();
            Ok(Limits {
                $($name: args.$name
                    .or(env.parsed($variable, "give a whole number; 0 means without a bound")?)
                    .or(file.$name)
                    .unwrap_or(usual.$name),)+
            })
        }
    };
}

limits! {
    idle_timeout, "VWM_IDLE_TIMEOUT", 900, "SECONDS",
        "Suspends a session after so many seconds without work",
        "Seconds without a turn, a prompt, a file call or a resume after which a session is suspended.";
    suspended_keep, "VWM_SUSPENDED_KEEP", 2592000, "SECONDS",
        "Ends a session that was suspended for so many seconds",
        "Seconds after which a suspended session is ended.";
    failed_keep, "VWM_FAILED_KEEP", 604800, "SECONDS",
        "Ends a failed session after so many seconds, and with it its workspace",
        "Seconds after which a failed session is ended, and its workspace removed.";
    max_sessions, "VWM_MAX_SESSIONS", 0, "COUNT",
        "Refuses a new session while so many have or get a job",
        "Sessions that are pending, active or ending, on the whole server.";
    max_turns, "VWM_MAX_TURNS", 0, "COUNT",
        "Runs so many prompts at once; more of them wait",
        "Turns that run at once, on the whole server.";
    worker_max_sessions, "VWM_WORKER_MAX_SESSIONS", 0, "COUNT",
        "Refuses a new session of a worker while so many of it have or get a job",
        "The same as `max_sessions`, of each worker.";
    worker_max_turns, "VWM_WORKER_MAX_TURNS", 0, "COUNT",
        "Runs so many prompts of one worker at once; more of them wait",
        "The same as `max_turns`, of each worker.";
    engine_idle, "VWM_ENGINE_IDLE", 300, "SECONDS",
        "Lets an engine go after so many seconds without a turn",
        "Seconds without a turn after which an engine is let go.";
    max_engines, "VWM_MAX_ENGINES", 32, "COUNT",
        "Keeps so many engines at once; the least recently used one without a turn goes first",
        "Engines that stay at once, on the whole server; those with a turn are never let go.";
    stalled_after, "VWM_STALLED_AFTER", 300, "SECONDS",
        "Tells of an engine that says nothing for so many seconds in a turn",
        "Seconds without a word in a turn after which a notice `stalled` is told.";
    events_keep, "VWM_EVENTS_KEEP", 2592000, "SECONDS",
        "Deletes the events of a session so many seconds after its end",
        "Seconds after its end that a session's events are kept.";
    events_max, "VWM_EVENTS_MAX", 1000000, "COUNT",
        "Keeps so many events of a session; the oldest go first",
        "Events that are kept of one session.";
    transcripts_keep, "VWM_TRANSCRIPTS_KEEP", 0, "SECONDS",
        "Deletes the transcript of a session so many seconds after its end",
        "Seconds after its end that a session's transcript is kept.";
    workspaces_keep, "VWM_WORKSPACES_KEEP", 7776000, "SECONDS",
        "Deletes what was kept of an ended workspace (bundles, archives) after so many seconds",
        "Seconds after its end that bundles and archives of a session's workspace are kept.";
    disk_reserve, "VWM_DISK_RESERVE", 536870912, "BYTES",
        "Takes no new session while the data directory's disk has less than so many bytes free",
        "Bytes that must be free on the data directory's disk for a new session.";
}
