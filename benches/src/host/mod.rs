//! The hosts of agents that are measured, and what a measure asks of each.

mod database;
mod peer;
mod scratch;
mod server;
mod vwm;

use anyhow::Result;

use crate::http::Http;
use crate::watch::Watch;

pub(crate) use peer::{
    Peer, VERSION as PEER_VERSION, install as install_peer, serve as serve_peer,
};
pub(crate) use scratch::Scratch;
pub(crate) use server::{Server, free_port};
pub(crate) use vwm::{Vwm, serve as serve_vwm};

/// A server that hosts the benchmarks' agent. VWM is one, its peer the other.
pub(crate) trait Host: Sync {
    /// Its address, as `host:port`.
    fn address(&self) -> &str;
    /// The key that it wants to see.
    fn key(&self) -> Option<&str>;
    /// Its process.
    fn pid(&self) -> u32;
    /// Makes a session that can be prompted, and returns its id.
    fn create(&self, http: &mut Http) -> Result<String>;
    /// Where a session is prompted, and with which body: the answer comes when the turn is over.
    fn prompt(&self, session: &str, script: &str) -> (String, String);
    /// Where a session's events are streamed.
    fn events(&self, session: &str) -> String;
    /// What stands in the data of an event in which the agent says something, and in no other's.
    fn mark(&self) -> &'static str;

    /// Connects to it.
    fn connect(&self) -> Result<Http> {
        Http::connect(self.address(), self.key())
    }

    /// Subscribes to a session's events, from its first.
    fn watch(&self, session: &str) -> Result<Watch> {
        let path = self.events(session);
        Watch::open(self.address(), self.key(), &path, self.mark())
    }
}
