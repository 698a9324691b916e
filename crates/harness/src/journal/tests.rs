//! The journal across generations: torn ends, one end per turn, bounded reads.

use vwm_api::harness::TurnOrder;
use vwm_api::{CliType, SubsessionId, TurnKind, TurnStatus};

use super::*;

mod damage;
mod faults;

fn order() -> TurnOrder {
    TurnOrder {
        turn: TurnId::new(),
        subsession: SubsessionId::new(),
        kind: TurnKind::Prompt,
        prompt: "hello".into(),
        timeout_s: 60,
    }
}

fn text(order: &TurnOrder, text: &str) -> Entry {
    Entry::Event {
        turn: Some(order.turn),
        subsession: Some(order.subsession),
        event: Happened::Agent(AgentEvent::Text(text.into())),
    }
}

fn outcome() -> Outcome {
    Outcome {
        status: TurnStatus::Complete,
        response: "hi".into(),
        artifacts: vec![],
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        cost_total_usd: Some(0.5),
        model: None,
        duration_ms: Some(1),
        raw_format: None,
        raw: String::new(),
        engine: Some(CliType::Acp),
        error: None,
    }
}

#[tokio::test]
async fn the_next_generation_reads_to_the_last_whole_record_and_counts_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    let order = order();
    let journal = Arc::new(Journal::open(&path, 1, 0).expect("opens"));
    journal
        .append_synced(Entry::Accepted {
            order: order.clone(),
        })
        .await
        .expect("appends");
    journal
        .append_synced(Entry::Sent { turn: order.turn })
        .await
        .expect("appends");
    journal.append(text(&order, "one")).expect("appends");
    let whole = std::fs::read(&path).expect("reads");
    journal.append(text(&order, "torn")).expect("appends");
    let torn = std::fs::read(&path).expect("reads");
    for cut in whole.len()..torn.len() {
        std::fs::write(&path, &torn[..cut]).expect("writes");
        let next = Journal::open(&path, 2, 0).expect("opens");
        assert_eq!(next.last_n(), 3, "cut at {cut}");
        next.append(text(&order, "two")).expect("appends");
        let all = next.all().expect("reads");
        assert_eq!(
            all.iter().map(|r| (r.n, r.generation)).collect::<Vec<_>>(),
            [(1, 1), (2, 1), (3, 1), (4, 2)]
        );
        assert_eq!(
            next.with_ledger(|l| l.open().iter().map(|t| t.sent).collect::<Vec<_>>()),
            [true]
        );
    }
}

#[tokio::test]
async fn a_turn_ends_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = Arc::new(Journal::open(&dir.path().join("journal"), 1, 0).expect("opens"));
    let order = order();
    journal
        .append_synced(Entry::Accepted {
            order: order.clone(),
        })
        .await
        .expect("appends");
    for is_first in [true, false] {
        assert_eq!(journal.end_turn(order.turn, outcome()).await, is_first);
    }
    assert_eq!(journal.last_n(), 2);
    assert_eq!(
        journal.with_ledger(|l| l.cost_total(order.subsession)),
        Some(0.5)
    );
}

#[tokio::test]
async fn reading_is_bounded_and_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = Journal::open(&dir.path().join("journal"), 1, 0).expect("opens");
    let order = order();
    for i in 0..100 {
        journal
            .append(text(&order, &i.to_string()))
            .expect("appends");
    }
    let (mut n, mut reads) = (0, 0);
    loop {
        let lines = journal.read_after(n, 1000).expect("reads");
        let Some(last) = lines.last() else { break };
        assert_eq!(lines.first().map(|l| l.0), Some(n + 1));
        n = last.0;
        reads += 1;
    }
    assert_eq!(n, 100);
    assert!(reads > 10, "{reads} reads");
}

#[tokio::test]
async fn a_number_that_the_store_has_is_never_given_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    let order = order();
    let journal = Arc::new(Journal::open(&path, 1, 0).expect("opens"));
    let accepted = Entry::Accepted {
        order: order.clone(),
    };
    journal.append_synced(accepted).await.expect("appends");
    let next = Journal::open(&path, 2, 3).expect("opens");
    next.append(text(&order, "two")).expect("appends");
    let all = next.all().expect("reads");
    assert_eq!(
        all.iter().map(|r| (r.n, r.generation)).collect::<Vec<_>>(),
        [(1, 1), (2, 2), (3, 2), (4, 2)]
    );
}

#[test]
fn a_journal_of_long_records_is_read_to_its_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    let order = order();
    let long = "x".repeat(super::PORTION * 2 / 3);
    let journal = Journal::open(&path, 1, 0).expect("opens");
    for _ in 0..3 {
        journal.append(text(&order, &long)).expect("appends");
    }
    let next = Journal::open(&path, 2, 0).expect("opens");
    let mut read = Vec::new();
    let all = next.each(|record| {
        read.push((record.n, record.entry == text(&order, &long)));
        Ok(())
    });
    all.expect("reads");
    assert_eq!(read, [(1, true), (2, true), (3, true)]);
}
