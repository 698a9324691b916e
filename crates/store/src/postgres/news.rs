//! News for the other servers of the database: told after the commit by one task, heard on one connection. A notification that is lost is
//! only late, because what is watched is looked at now and then.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::sleep;
use tracing::{debug, info};
use uuid::Uuid;
use vwm_api::SessionId;

use crate::wake::{News, Wakes};

const CHANNEL: &str = "vwm_news";
/// What happens meanwhile is told together: a notification is a commit, and takes the lock of all notifications.
const GATHER: Duration = Duration::from_millis(5);
/// Sessions of one notification, whose text must be shorter than 8000 bytes.
const SESSIONS: usize = 200;
/// How late news comes at most whose notification was lost.
const LOOK: Duration = Duration::from_secs(5);
/// Sessions that one look asks for at once.
const AT_ONCE: usize = 1000;
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Where news is left to be told.
#[derive(Clone)]
pub(super) struct Outbox(UnboundedSender<News>);

impl Outbox {
    pub(super) fn put(&self, news: News) {
        match news {
            News::Nothing => {}
            News::Shown(_) | News::Work(_) => {
                // The task has ended only where the store was closed.
                let _ = self.0.send(news);
            }
        }
    }
}

/// Starts both tasks; they end when the pool is closed or the last outbox is dropped.
pub(super) fn start(pool: PgPool, wakes: Arc<Wakes>) -> Outbox {
    let server = Uuid::new_v4();
    let (outbox, news) = mpsc::unbounded_channel();
    let telling = tokio::spawn(tell(pool.clone(), server, news));
    tokio::spawn(async move {
        tokio::select! {
            _ = telling => {}
            () = hear(&pool, server, &wakes) => {}
            () = look(&pool, &wakes) => {}
        }
    });
    Outbox(outbox)
}

async fn tell(pool: PgPool, server: Uuid, mut news: UnboundedReceiver<News>) {
    while let Some(first) = news.recv().await {
        let mut gathered = BTreeMap::new();
        gather(&mut gathered, first);
        while let Ok(more) = news.try_recv() {
            gather(&mut gathered, more);
        }
        let sent = sqlx::query("SELECT pg_notify($1, text) FROM unnest($2) AS text")
            .bind(CHANNEL)
            .bind(texts(server, gathered))
            .execute(&pool)
            .await;
        match sent {
            Ok(_) => {}
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => debug!(%error, "Other servers hear later of what happened here"),
        }
        sleep(GATHER).await;
    }
}

/// What is to be done is more than what is to be shown.
fn gather(gathered: &mut BTreeMap<SessionId, bool>, news: News) {
    let (session, is_work) = match news {
        News::Nothing => return,
        News::Shown(session) => (session, false),
        News::Work(session) => (session, true),
    };
    *gathered.entry(session).or_default() |= is_work;
}

/// The server, and then the sessions, each behind what it has.
fn texts(server: Uuid, gathered: BTreeMap<SessionId, bool>) -> Vec<String> {
    let words: Vec<String> = gathered
        .into_iter()
        .map(|(session, is_work)| {
            let mark = if is_work { 'w' } else { 's' };
            format!(" {mark}{}", session.0.simple())
        })
        .collect();
    let texts = words.chunks(SESSIONS);
    texts
        .map(|words| format!("{}{}", server.simple(), words.concat()))
        .collect()
}

fn read(server: Uuid, text: &str) -> Vec<News> {
    let mut words = text.split(' ');
    if words.next().and_then(|word| word.parse().ok()) == Some(server) {
        // We woke our own when it was committed.
        return Vec::new();
    }
    let session = |id: &str| id.parse::<Uuid>().ok().map(SessionId);
    words
        .filter_map(|word| match word.split_at_checked(1)? {
            ("s", id) => session(id).map(News::Shown),
            ("w", id) => session(id).map(News::Work),
            _ => None,
        })
        .collect()
}

async fn hear(pool: &PgPool, server: Uuid, wakes: &Wakes) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match listen(pool, server, wakes, &mut pause).await {
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => {
                info!(%error, "The connection for other servers' news is lost; it is made again");
            }
            Ok(()) => info!("The connection for other servers' news ended; it is made again"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Hears until the connection is lost.
async fn listen(
    pool: &PgPool,
    server: Uuid,
    wakes: &Wakes,
    pause: &mut Duration,
) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    *pause = SHORTEST_PAUSE;
    // What was told while nobody heard.
    wakes.wake_all_watchers();
    while let Some(told) = listener.try_recv().await? {
        for news in read(server, told.payload()) {
            wakes.tell(news);
        }
    }
    Ok(())
}

/// Wakes the watchers of sessions whose rows changed, whoever changed them.
async fn look(pool: &PgPool, wakes: &Wakes) {
    let mut known = HashMap::new();
    loop {
        sleep(LOOK).await;
        let watched = wakes.watched();
        let mut found = HashMap::with_capacity(watched.len());
        for some in watched.chunks(AT_ONCE) {
            match versions(pool, some).await {
                Ok(rows) => found.extend(rows),
                Err(sqlx::Error::PoolClosed) => return,
                // Whoever was watched before is woken when it answers again.
                Err(error) => debug!(%error, "What is watched cannot be looked at"),
            }
        }
        for (session, version) in &found {
            if known.get(session) != Some(version) {
                wakes.tell(News::Shown(*session));
            }
        }
        known = found;
    }
}

/// Sessions with the transactions that wrote their rows: whatever happens to a session changes its row.
async fn versions(pool: &PgPool, sessions: &[SessionId]) -> sqlx::Result<Vec<(SessionId, String)>> {
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.0).collect();
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT id, xmin::text FROM sessions WHERE id = ANY($1)")
            .bind(ids)
            .fetch_all(pool)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, version)| (SessionId(id), version))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_server_tells_another_one_reads_and_it_fits() {
        let [here, there] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let mut gathered = BTreeMap::new();
        for number in 0..450 {
            gather(
                &mut gathered,
                News::Shown(SessionId(Uuid::from_u128(number))),
            );
        }
        let work = SessionId(Uuid::from_u128(7));
        gather(&mut gathered, News::Work(work));
        gather(&mut gathered, News::Shown(work));
        let texts = texts(here, gathered);
        assert_eq!(texts.len(), 3);
        assert!(texts.iter().all(|text| text.len() < 8000));
        let heard: Vec<News> = texts.iter().flat_map(|text| read(there, text)).collect();
        assert_eq!(heard.len(), 450);
        let is_work = |news: &&News| matches!(news, News::Work(session) if *session == work);
        assert_eq!(heard.iter().filter(is_work).count(), 1);
        assert!(texts.iter().all(|text| read(here, text).is_empty()));
        assert!(read(there, "what another program says").is_empty());
    }
}
