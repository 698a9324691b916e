//! The scripted model server over HTTP, and the scripted agent over pipes.

#[cfg(test)]
mod agent;
#[cfg(test)]
mod agent_client;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_client;
