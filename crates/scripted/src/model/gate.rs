//! Gates: where an answer is held until a test lets it go, so that no test sleeps.

use std::collections::HashMap;

use tokio::sync::watch;

/// All gates, by name. A gate comes with its first mention, shut; once released it is open for good.
pub(super) struct Gates {
    gates: watch::Sender<HashMap<String, Gate>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    is_open: bool,
    /// Who is there now.
    held: usize,
    /// Who ever came.
    arrived: usize,
}

impl Gates {
    pub(super) fn new() -> Self {
        Self {
            gates: watch::Sender::new(HashMap::new()),
        }
    }

    /// Waits until the gate is open.
    pub(super) async fn pass(&self, name: &str) {
        let _visit = Visit::begin(self, name);
        self.wait_for(name, |gate| gate.is_open).await;
    }

    /// Opens the gate, also for those who come later.
    pub(super) fn release(&self, name: &str) {
        self.change(name, |gate| gate.is_open = true);
    }

    /// Waits until somebody is held at the gate.
    pub(super) async fn held(&self, name: &str) {
        self.wait_for(name, |gate| gate.held > 0).await;
    }

    /// Waits until so many have come to the gate, also those who are gone again.
    pub(super) async fn arrived(&self, name: &str, times: usize) {
        self.wait_for(name, |gate| gate.arrived >= times).await;
    }

    async fn wait_for(&self, name: &str, wanted: impl Fn(Gate) -> bool) {
        let mut news = self.gates.subscribe();
        news.wait_for(|gates| wanted(gates.get(name).copied().unwrap_or_default()))
            .await
            .expect("the sender lives in self");
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Gate)) {
        self.gates
            .send_modify(|gates| change(gates.entry(name.to_owned()).or_default()));
    }
}

/// Somebody at a gate; gone when dropped, as when a client hangs up.
struct Visit<'a> {
    gates: &'a Gates,
    name: &'a str,
}

impl<'a> Visit<'a> {
    fn begin(gates: &'a Gates, name: &'a str) -> Self {
        gates.change(name, |gate| {
            gate.held += 1;
            gate.arrived += 1;
        });
        Self { gates, name }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.gates.change(self.name, |gate| gate.held -= 1);
    }
}
