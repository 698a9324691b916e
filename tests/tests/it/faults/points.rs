//! Every failpoint of the list, one after the other and some in one session: whoever passes it is killed there.

use futures_util::StreamExt;
use vwm_failpoints::{POINTS, Point};

use super::story::{Remotes, Story};

/// How many stories are told at once.
const AT_ONCE: usize = 3;
/// In how many stories the points of the road are passed: those of one story lie apart.
const STORIES: usize = 8;

/// Whether only a session whose branches no remote takes passes it.
fn is_of_what_is_left(point: &Point) -> bool {
    point.name.starts_with("push.") || point.name == "harness.end.bundled"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_killed_at_whichever_point_nothing_is_lost_doubled_or_left_behind() {
    let (left, road): (Vec<Point>, Vec<Point>) =
        POINTS.iter().copied().partition(is_of_what_is_left);
    let mut stories: Vec<Story> = (0..STORIES)
        .map(|first| Story {
            points: road.iter().copied().skip(first).step_by(STORIES).collect(),
            remotes: Remotes::Take,
        })
        .collect();
    stories.push(Story {
        points: left,
        remotes: Remotes::AreAway,
    });
    let stories = futures_util::stream::iter(stories.into_iter().map(told));
    let broken: Vec<String> = stories.buffer_unordered(AT_ONCE).concat().await;
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Tells a story in a thread of its own; gives what did not hold, with what was to be passed.
async fn told(story: Story) -> Vec<String> {
    let names: Vec<&str> = story.points.iter().map(|point| point.name).collect();
    let names = names.join(" ");
    let here = tokio::runtime::Handle::current();
    let telling = tokio::task::spawn_blocking(move || here.block_on(story.tell()));
    let broken = telling
        .await
        .unwrap_or_else(|panic| vec![panic.to_string()]);
    let named = |broken: String| format!("{broken}\n    with {names}");
    broken.into_iter().map(named).collect()
}
