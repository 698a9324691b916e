//! The verdict on each thing that can be found.

use vwm_api::SessionId;

use super::*;

const NOTHING: Found = Found {
    session: SessionId(uuid::Uuid::nil()),
    has_volume: false,
    is_aside: false,
    generation: None,
    has_stray: false,
};
const VOLUME: Found = Found {
    has_volume: true,
    ..NOTHING
};
const STRAY: Found = Found {
    has_stray: true,
    ..NOTHING
};
const ASIDE: Found = Found {
    is_aside: true,
    ..NOTHING
};

/// A session with two jobs so far.
const LIVE: Option<Known> = Some(Known {
    is_over: false,
    generation: 2,
});
const OVER: Option<Known> = Some(Known {
    is_over: true,
    generation: 2,
});

#[test]
fn what_a_database_does_not_know_is_put_aside_and_never_deleted() {
    assert_eq!(judge(&VOLUME, None), Verdict::SetAside);
    assert_eq!(judge(&STRAY, None), Verdict::End);
    assert_eq!(judge(&ASIDE, None), Verdict::Leave);
}

#[test]
fn all_that_is_left_of_a_session_that_is_over_goes() {
    assert_eq!(judge(&VOLUME, OVER), Verdict::Remove);
    assert_eq!(judge(&STRAY, OVER), Verdict::Remove);
    assert_eq!(judge(&ASIDE, OVER), Verdict::Leave);
}

#[test]
fn a_session_that_lives_keeps_its_volume_and_its_newest_job() {
    let of = |generation| Found {
        generation,
        ..VOLUME
    };
    let judged = |found: &Found| judge(found, LIVE);
    assert_eq!(judged(&of(None)), Verdict::Leave);
    assert_eq!(judged(&of(Some(2))), Verdict::Leave);
    assert_eq!(judged(&of(Some(3))), Verdict::Leave);
    assert_eq!(judged(&of(Some(1))), Verdict::Stop(1));
    assert_eq!(judged(&STRAY), Verdict::End);
    assert_eq!(judged(&ASIDE), Verdict::BringBack);
}
