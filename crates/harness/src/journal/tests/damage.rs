//! Unreadable records in the middle of a journal: they are told as lost, what follows is kept, and nothing is sent twice.

use std::path::{Path, PathBuf};

use super::*;

/// The lines of a journal in which one turn has said three words, and another one waits.
fn lines(path: &Path, orders: &[TurnOrder; 2]) -> Vec<String> {
    let journal = Journal::open(path, 1, 0).expect("opens");
    let [first, second] = orders;
    let accepted = |order: &TurnOrder| Entry::Accepted {
        order: order.clone(),
    };
    let entries = [
        accepted(first),
        Entry::Sent { turn: first.turn },
        text(first, "one"),
        text(first, "two"),
        accepted(second),
        text(first, "three"),
    ];
    for entry in entries {
        journal.write(entry, false).expect("appends");
    }
    let text = std::fs::read_to_string(path).expect("reads");
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn evidence(path: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(path.parent().expect("a folder")).expect("a folder");
    let paths = all.map(|entry| entry.expect("an entry").path());
    let mut damaged: Vec<_> = paths.filter(|other| other != path).collect();
    damaged.sort();
    damaged
}

/// The numbers of the records that are told as lost.
fn lost(journal: &Journal) -> Vec<i64> {
    let all = journal.all().expect("reads");
    let ns: Vec<i64> = all.iter().map(|record| record.n).collect();
    assert_eq!(ns, (1..).take(ns.len()).collect::<Vec<_>>());
    let lost = all.iter().filter(|record| match &record.entry {
        Entry::Event {
            event: Happened::Agent(AgentEvent::Notice { code, message }),
            ..
        } => code == "record_lost" && message.contains("state/journal.damaged-1"),
        _ => false,
    });
    lost.map(|record| record.n).collect()
}

#[test]
fn what_follows_an_unreadable_record_is_kept_and_open_turns_count_as_sent() {
    for bad in 1..=6 {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal");
        let orders = [order(), order()];
        let mut lines = lines(&path, &orders);
        lines[bad - 1] = format!("{}\n", "#".repeat(lines[bad - 1].len() - 1));
        let damaged = lines.concat();
        std::fs::write(&path, &damaged).expect("writes");

        let next = Journal::open(&path, 2, 0).expect("opens");
        assert_eq!(lost(&next), [i64::try_from(bad).expect("small")]);
        let kept = evidence(&path);
        assert_eq!(kept, [path.with_extension("damaged-1")]);
        assert_eq!(std::fs::read_to_string(&kept[0]).expect("reads"), damaged);
        let open = next.with_ledger(|ledger| {
            let state = |order: &TurnOrder| ledger.turn(order.turn).map(|turn| turn.sent);
            orders.each_ref().map(state)
        });
        // The other one was accepted with the fifth record.
        let second = match bad {
            5 => None,
            6 => Some(true),
            _ => Some(false),
        };
        assert_eq!(open, [Some(true), second], "record {bad} is lost");

        next.append(text(&orders[0], "on")).expect("appends");
        assert_eq!(next.last_n(), 7);
        drop(next);
        let again = Journal::open(&path, 3, 0).expect("opens");
        assert_eq!((again.last_n(), evidence(&path).len()), (7, 1));
    }
}

#[test]
fn what_is_no_record_and_costs_none_is_passed_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    let mut lines = lines(&path, &[order(), order()]);
    lines.insert(2, "\n".to_owned());
    lines.insert(4, "stray\n".to_owned());
    std::fs::write(&path, lines.concat()).expect("writes");
    let next = Journal::open(&path, 2, 0).expect("opens");
    assert_eq!((next.last_n(), lost(&next)), (6, vec![]));
}

#[test]
fn whatever_is_overwritten_the_records_beside_it_are_kept() {
    let mut seed = 0x5eed_u64;
    let mut chance = |end: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % end as u64).expect("it is below a usize")
    };
    for _ in 0..300 {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal");
        let lines = lines(&path, &[order(), order()]);
        let mut bytes = lines.concat().into_bytes();
        let from = chance(bytes.len());
        let to = bytes.len().min(from + 1 + chance(500));
        for byte in &mut bytes[from..to] {
            *byte = u8::try_from(chance(256)).expect("a byte");
        }
        std::fs::write(&path, &bytes).expect("writes");
        let next = Journal::open(&path, 2, 0).expect("opens");
        lost(&next);
        let kept = next.read_after(0, usize::MAX >> 1).expect("reads");
        let mut at = 0;
        for (line, n) in lines.iter().zip(1..) {
            let (begin, end) = (at, at + line.len());
            at = end;
            // The end of the line before is a part of what keeps it apart.
            if end <= from || begin > to {
                assert!(
                    kept.contains(&(n, line.trim_end().to_owned())),
                    "record {n}, {from}..{to}"
                );
            }
        }
    }
}
