//! Blobs are what their names say.

use std::fs;

use vwm_store::{Store, StoreError};

#[tokio::test]
async fn a_blob_is_named_by_its_content_however_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).await.unwrap();
    let content = vec![b'x'; 200_000];
    let hash = store.blobs().put(content.clone()).await.unwrap();
    assert_eq!(hash.to_string(), blake3::hash(&content).to_string());
    let file = folder.path().join("transcript.jsonl");
    fs::write(&file, &content).unwrap();
    assert_eq!(store.blobs().put_file(&file).await.unwrap(), hash);
    assert_eq!(store.blobs().get(hash).await.unwrap(), content);
    let copied = folder.path().join("copy");
    store.blobs().copy_to(hash, &copied).await.unwrap();
    assert_eq!(fs::read(&copied).unwrap(), content);
    let over = store.blobs().copy_to(hash, &copied).await;
    assert!(matches!(over, Err(StoreError::Io { what: "create", .. })));
    let unfinished = folder.path().join("data/blobs/tmp");
    assert_eq!(fs::read_dir(&unfinished).unwrap().count(), 0);

    store.blobs().delete(hash).await.unwrap();
    store.blobs().delete(hash).await.unwrap();
    assert!(matches!(
        store.blobs().get(hash).await,
        Err(StoreError::NotFound)
    ));
    let missing = store.blobs().put_file(&folder.path().join("nothing")).await;
    assert!(matches!(missing, Err(StoreError::Io { what: "open", .. })));
}

#[tokio::test]
async fn a_blob_comes_in_pieces_and_is_kept_when_all_of_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let pieces = ["", "al", "l of ", "", "it"];
    let all = pieces.concat();
    for (told, is_kept) in [(9, true), (8, false), (10, false)] {
        let (sender, chunks) = tokio::sync::mpsc::channel(1);
        let send = async move {
            for piece in pieces {
                // Nobody reads on when there is more than was told.
                let _ = sender.send(piece).await;
            }
        };
        let ((), kept) = tokio::join!(send, store.blobs().put_chunks(chunks, told));
        assert_eq!(kept.is_ok(), is_kept, "{told}: {kept:?}");
        if let Ok(hash) = kept {
            assert_eq!(store.blobs().get(hash).await.unwrap(), all.as_bytes());
        }
    }
    let unfinished = folder.path().join("blobs/tmp");
    assert_eq!(fs::read_dir(&unfinished).unwrap().count(), 0);
}

#[tokio::test]
async fn a_blob_that_was_changed_is_not_given_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let hash = store.blobs().put(b"work".to_vec()).await.unwrap();
    let name = hash.to_string();
    fs::write(
        folder.path().join("blobs").join(&name[..2]).join(&name),
        "worm",
    )
    .unwrap();
    assert!(matches!(
        store.blobs().get(hash).await,
        Err(StoreError::Corrupt { .. })
    ));
    let copy = folder.path().join("copy");
    let copied = store.blobs().copy_to(hash, &copy).await;
    assert!(matches!(copied, Err(StoreError::Corrupt { .. })));
    // Keeping it again mends it.
    assert_eq!(store.blobs().put(b"work".to_vec()).await.unwrap(), hash);
    assert_eq!(store.blobs().get(hash).await.unwrap(), b"work");
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_cleared_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let kept = store.blobs().put(b"kept".to_vec()).await.unwrap();
    let half = folder.path().join("blobs/tmp/half");
    fs::write(&half, "ha").unwrap();
    store.close().await.unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    assert!(!half.exists());
    assert_eq!(store.blobs().get(kept).await.unwrap(), b"kept");
}

#[tokio::test]
async fn a_blob_is_read_in_pieces_and_a_damaged_one_has_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let content: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    let hash = store.blobs().put(content.clone()).await.unwrap();
    let mut reader = store.blobs().reader(hash).await.unwrap();
    let (mut all, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = reader.next().await.unwrap() {
        all.extend(piece);
        pieces += 1;
    }
    assert_eq!((all == content, pieces), (true, 4));
    assert_eq!(reader.next().await.unwrap(), None);

    let name = hash.to_string();
    let path = folder.path().join("blobs").join(&name[..2]).join(&name);
    fs::write(&path, &content[1..]).unwrap();
    let mut reader = store.blobs().reader(hash).await.unwrap();
    for _ in 0..4 {
        assert!(reader.next().await.unwrap().is_some());
    }
    let end = reader.next().await;
    assert!(matches!(end, Err(StoreError::Corrupt { .. })));
    fs::remove_file(&path).unwrap();
    let missing = store.blobs().reader(hash).await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
}
