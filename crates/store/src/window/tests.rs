//! What a window says, and what it leaves to the database.

use super::*;

fn frames(range: std::ops::RangeInclusive<Seq>) -> Frames {
    let events: Vec<_> = range.map(|seq| (seq, format!("{seq:010}"))).collect();
    let told = events.iter().map(|(seq, data)| Told {
        seq: *seq,
        turn: None,
        ends_turn: false,
        data,
    });
    Frames::of(told).unwrap()
}

/// The numbers that a window gives; the word for what it gives instead.
fn taken(window: &Window, after: Seq) -> String {
    match window.take(after, usize::MAX) {
        Taken::Frames(frames) => {
            let text: String = frames
                .iter()
                .map(|frames| String::from_utf8(frames.bytes().into()).unwrap())
                .collect();
            let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
            ids.collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

const ROOM: usize = 1 << 20;

#[test]
fn it_says_nothing_only_when_it_knows() {
    let mut window = Window::default();
    assert_eq!(taken(&window, 0), "Unknown");
    // The database had all there was when the news were asked for.
    window.read(0, Some(frames(1..=3)), Some(window.version()), ROOM);
    assert_eq!(taken(&window, 3), "Nothing");
    assert_eq!(taken(&window, 1), "2 3");
    // Something was written elsewhere.
    window.told(false);
    assert_eq!(taken(&window, 3), "Unknown");
    assert_eq!(taken(&window, 2), "3");
    window.read(3, None, Some(window.version()), ROOM);
    assert_eq!(taken(&window, 3), "Nothing");
    // Something was written here.
    window.publish(frames(4..=5), ROOM);
    window.told(true);
    assert_eq!(taken(&window, 0), "1 2 3 4 5");
    assert_eq!(taken(&window, 5), "Nothing");
}

#[test]
fn news_that_come_while_the_database_answers_are_asked_for_again() {
    let mut window = Window::default();
    let asked = window.version();
    window.told(false);
    window.read(0, Some(frames(1..=2)), Some(asked), ROOM);
    assert_eq!(taken(&window, 0), "1 2");
    assert_eq!(taken(&window, 2), "Unknown");
}

#[test]
fn a_hole_leads_to_the_database_and_what_was_overtaken_is_left_out() {
    let mut window = Window::default();
    window.read(0, Some(frames(1..=2)), Some(window.version()), ROOM);
    // Another server wrote 3 and 4; ours wrote 7 before it told of 5 and 6.
    window.publish(frames(7..=7), ROOM);
    window.told(true);
    window.publish(frames(5..=6), ROOM);
    window.told(true);
    assert_eq!(taken(&window, 0), "Behind");
    assert_eq!(taken(&window, 5), "Behind");
    assert_eq!(taken(&window, 6), "7");
    assert_eq!(taken(&window, 7), "Unknown");
    // A replay that comes up to it joins it.
    window.read(2, Some(frames(3..=8)), Some(window.version()), ROOM);
    assert_eq!(taken(&window, 6), "7 8");
    assert_eq!(taken(&window, 8), "Nothing");
    // One that is far behind does not take its place.
    window.read(0, Some(frames(1..=4)), None, ROOM);
    assert_eq!(taken(&window, 6), "7 8");
}

#[test]
fn the_oldest_go_when_it_is_full_and_a_frame_that_is_too_long_takes_no_place() {
    let mut window = Window::default();
    window.read(0, None, Some(window.version()), ROOM);
    let keep = 3 * frames(10..=10).cost();
    for seq in 1..=10 {
        window.publish(frames(seq..=seq), keep);
        window.told(true);
    }
    assert_eq!(taken(&window, 6), "Behind");
    assert_eq!(taken(&window, 7), "8 9 10");
    window.publish(frames(11..=60), keep);
    window.told(true);
    assert_eq!(taken(&window, 10), "Behind");
    assert_eq!(taken(&window, 60), "Nothing");
    assert_eq!(window.cost, 0);
}

#[test]
fn a_cursor_takes_as_much_as_it_asks_for_and_at_least_one_frame() {
    let mut window = Window::default();
    window.publish(frames(1..=3), ROOM);
    window.publish(frames(4..=6), ROOM);
    window.read(0, Some(frames(1..=6)), None, ROOM);
    let one = frames(1..=1).bytes().len();
    let last = |after, most| match window.take(after, most) {
        Taken::Frames(frames) => frames.last().map(Frames::last),
        other => panic!("{other:?}"),
    };
    assert_eq!(last(0, 1), Some(1));
    assert_eq!(last(0, 2 * one), Some(2));
    assert_eq!(last(1, 2 * one), Some(3));
    assert_eq!(last(1, 4 * one), Some(5));
    assert_eq!(last(5, 100 * one), Some(6));
}

#[test]
fn a_turns_frames_are_taken_out_in_runs() {
    let (one, other) = (TurnId::new(), TurnId::new());
    let turns = [Some(one), Some(one), Some(other), None, Some(one)];
    let told = turns.iter().zip(1..).map(|(turn, seq)| Told {
        seq,
        turn: *turn,
        ends_turn: seq == 5,
        data: "{}",
    });
    let frames = Frames::of(told).unwrap();
    let text = |turn| -> Vec<String> {
        let pieces = frames.of_turn(turn).into_iter();
        pieces
            .map(|piece| String::from_utf8(piece.into()).unwrap())
            .collect()
    };
    assert_eq!(
        text(one),
        [
            "id: 1\ndata: {}\n\nid: 2\ndata: {}\n\n",
            "id: 5\ndata: {}\n\n"
        ]
    );
    assert_eq!(text(other), ["id: 3\ndata: {}\n\n"]);
    assert!(frames.has_end_of(one) && !frames.has_end_of(other) && frames.has_sessions_own());
}
