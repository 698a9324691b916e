//! A disk that fails under the journal: what was promised holds, and what waits is said in its order.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;

use super::super::file::JournalFile;
use super::super::medium::{Fault, Faults};
use super::*;

struct Disk {
    _folder: tempfile::TempDir,
    path: PathBuf,
    journal: Arc<Journal>,
    faults: Faults,
    order: TurnOrder,
}

/// A journal with one turn that is accepted.
async fn disk() -> Disk {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let journal = Arc::new(Journal::open(&path, 1, 0).expect("opens"));
    let faults = journal.inner().file.medium.faults.clone();
    let order = order();
    let accepted = Entry::Accepted {
        order: order.clone(),
    };
    journal.append_synced(accepted).await.expect("appends");
    Disk {
        _folder: folder,
        path,
        journal,
        faults,
        order,
    }
}

impl Disk {
    fn sent(&self) -> Entry {
        Entry::Sent {
            turn: self.order.turn,
        }
    }

    fn is_sent(&self) -> bool {
        let turn = self.order.turn;
        self.journal
            .with_ledger(|ledger| ledger.turn(turn).expect("it is known").sent)
    }

    /// What the next generation reads.
    fn read_again(&self) -> Vec<Entry> {
        let next = Journal::open(&self.path, 2, 0).expect("opens");
        let all = next.all().expect("reads");
        let ns: Vec<i64> = all.iter().map(|record| record.n).collect();
        assert_eq!(ns, (1..).take(ns.len()).collect::<Vec<_>>());
        all.into_iter().map(|record| record.entry).collect()
    }

    fn accepted(&self) -> Entry {
        Entry::Accepted {
            order: self.order.clone(),
        }
    }
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_said_before_all_is_written_anew() {
    let disk = disk().await;
    let inode = || std::fs::metadata(&disk.path).expect("is there").ino();
    let first = inode();
    for errno in [Errno::IO, Errno::NOSPC] {
        disk.faults.begin(Fault::Sync, errno);
        disk.journal
            .append_synced(disk.sent())
            .await
            .expect_err("the disk fails");
        // Also of what no sync is asked for: where it would be written is not known.
        disk.journal
            .append(text(&disk.order, "waits"))
            .expect("it waits");
        assert_eq!((disk.journal.last_n(), disk.is_sent()), (1, false));
        assert_eq!(inode(), first);
    }
    disk.faults.end();
    disk.journal
        .append_synced(disk.sent())
        .await
        .expect("the disk is well");
    assert_ne!(inode(), first);
    let waited = || text(&disk.order, "waits");
    let all = [disk.accepted(), waited(), waited(), disk.sent()];
    assert_eq!(disk.read_again(), all);
}

#[tokio::test]
async fn what_is_said_on_a_full_disk_waits_in_its_order_and_is_told_as_trouble() {
    let disk = disk().await;
    let trouble = || disk.journal.trouble().borrow().clone();
    for cut in [false, true] {
        disk.faults.begin(Fault::Write, Errno::NOSPC);
        if cut {
            // What was half written cannot be taken back either.
            disk.faults.begin(Fault::Cut, Errno::IO);
        }
        for word in ["one", "two"] {
            let entry = text(&disk.order, word);
            disk.journal.append(entry).expect("it waits");
        }
        let sent = disk.journal.append_synced(disk.sent()).await;
        sent.expect_err("the disk is full");
        assert!(!disk.is_sent() || cut);
        let told = trouble().expect("it is told");
        assert!(told.contains("make room"), "{told}");
        disk.faults.end();
        disk.journal
            .append_synced(disk.sent())
            .await
            .expect("there is room");
        assert_eq!(trouble(), None);
    }
    let said = |word| text(&disk.order, word);
    let once = [said("one"), said("two"), disk.sent()];
    let mut all = vec![disk.accepted()];
    all.extend(once.iter().chain(&once).cloned());
    assert_eq!(disk.read_again(), all);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_written_by_itself_once_there_is_room() {
    let disk = disk().await;
    let mut newest = disk.journal.watch();
    tokio::spawn(Arc::clone(&disk.journal).keep_trying());
    disk.faults.begin(Fault::Write, Errno::NOSPC);
    disk.journal
        .append(text(&disk.order, "one"))
        .expect("it waits");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(disk.journal.last_n(), 1);
    disk.faults.end();
    newest.wait_for(|n| *n == 2).await.expect("it is written");
    let mut trouble = disk.journal.trouble();
    trouble.wait_for(Option::is_none).await.expect("it is over");
}

#[tokio::test]
async fn not_more_waits_than_there_is_room_for() {
    let disk = disk().await;
    disk.faults.begin(Fault::Write, Errno::NOSPC);
    let mebibyte = "x".repeat(1 << 20);
    let waits = |_: &usize| disk.journal.append(text(&disk.order, &mebibyte)).is_ok();
    assert_eq!((0..10).take_while(waits).count(), 3);
    disk.faults.end();
    disk.journal
        .append_synced(disk.sent())
        .await
        .expect("there is room");
    assert_eq!(disk.read_again().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_turns_end_waits_until_it_can_be_written_or_is_given_up() {
    let disk = disk().await;
    let end = || {
        let (journal, turn) = (Arc::clone(&disk.journal), disk.order.turn);
        tokio::spawn(async move { journal.end_turn(turn, outcome()).await })
    };
    disk.faults.begin(Fault::Sync, Errno::IO);
    let ending = end();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!ending.is_finished());
    disk.faults.end();
    assert!(ending.await.expect("no panic"));
    assert_eq!(disk.journal.last_n(), 2);

    let other = order();
    let accepted = Entry::Accepted {
        order: other.clone(),
    };
    let journal = &disk.journal;
    journal.append_synced(accepted).await.expect("appends");
    disk.faults.begin(Fault::Write, Errno::NOSPC);
    journal.give_up();
    assert!(!journal.end_turn(other.turn, outcome()).await);
}

#[test]
fn a_disk_that_gives_back_something_else_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let mut file = JournalFile::open(&path, 1, |_| {}).expect("opens");
    let record = |n| Record {
        n,
        at: Timestamp::from_micros(n),
        generation: 1,
        entry: Entry::Accepted { order: order() },
    };
    for n in [1, 2] {
        file.append(&record(n), true).expect("appends");
    }
    file.medium.faults.begin(Fault::Sync, Errno::IO);
    file.append(&record(3), true).expect_err("the disk fails");
    file.medium.faults.end();
    let mut bytes = std::fs::read(&path).expect("reads");
    bytes[..100].fill(0);
    std::fs::write(&path, bytes).expect("writes");
    let error = file
        .append(&record(3), true)
        .expect_err("the disk has lost it");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}
