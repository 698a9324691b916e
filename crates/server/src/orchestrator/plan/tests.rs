//! The plan, whole: every status against every job.

mod walks;

use vwm_api::{SessionId, SubsessionId, Timestamp, TurnKind, WorkerId};

use super::*;

const PHASES: [Phase; 6] = [
    Phase::Blank,
    Phase::Preparing,
    Phase::Ready,
    Phase::Failed,
    Phase::Ending,
    Phase::Collected,
];

fn turn(subsession: SubsessionId, status: TurnStatus) -> Turn {
    Turn {
        id: TurnId::new(),
        session: SessionId::new(),
        worker_id: WorkerId::new(),
        subsession,
        kind: TurnKind::Prompt,
        prompt: "hello".into(),
        timeout_s: 60,
        breadcrumbs: vec![],
        status,
        offered: status == TurnStatus::Running,
        abort_asked: false,
        retry_of: None,
        created_at: Timestamp::from_micros(0),
        started_at: None,
        completed_at: None,
        answer: None,
    }
}

fn view(status: SessionStatus, job: Job, turns: &[Turn]) -> View<'_> {
    View {
        status,
        end_step: (status == SessionStatus::Ending).then_some(EndStep::Stopping),
        turns,
        job,
        is_setup_current: true,
        is_learning: false,
        is_pumped: true,
        had_job: true,
        failed_starts: 0,
        is_wanted: false,
        resume_asked: false,
        due: None,
    }
}

fn jobs() -> Vec<Job> {
    let up = PHASES.into_iter().map(|phase| Job::Up(Some(phase)));
    [Job::Absent, Job::Pending, Job::Gone, Job::Up(None)]
        .into_iter()
        .chain(up)
        .collect()
}

#[test]
fn the_whole_table_of_choices() {
    let open = [turn(SubsessionId::new(), TurnStatus::Running)];
    let mut table = String::new();
    for status in SessionStatus::ALL {
        for (what, turns) in [("quiet", &open[..0]), ("open turn", &open[..])] {
            let line: Vec<String> = jobs()
                .into_iter()
                .map(|job| format!("{job:?} {:?}", plan(&view(status, job, turns))))
                .collect();
            table += &format!(
                "{}, {what}: {}\n",
                status.as_str(),
                line.join(" · ")
                    .replace("Up(Some(", "Up(")
                    .replace("))", ")")
            );
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn one_turn_of_each_conversation_runs_and_the_others_wait() {
    let (one, two) = (SubsessionId::new(), SubsessionId::new());
    let turns = [
        turn(one, TurnStatus::Running),
        turn(one, TurnStatus::Pending),
        turn(two, TurnStatus::Pending),
        turn(two, TurnStatus::Pending),
    ];
    let ready = view(SessionStatus::Active, Job::Up(Some(Phase::Ready)), &turns);
    assert_eq!(plan(&ready), Action::StartTurns(vec![turns[2].id]));
    let behind = View {
        is_setup_current: false,
        ..ready
    };
    assert_eq!(
        plan(&behind),
        Action::Prepare,
        "new settings are told before the next turn"
    );
}

#[test]
fn an_abort_comes_before_a_start() {
    let mut turns = [
        turn(SubsessionId::new(), TurnStatus::Running),
        turn(SubsessionId::new(), TurnStatus::Pending),
    ];
    turns[0].abort_asked = true;
    let ready = view(SessionStatus::Active, Job::Up(Some(Phase::Ready)), &turns);
    assert_eq!(plan(&ready), Action::AbortTurns(vec![turns[0].id]));
}

#[test]
fn nothing_is_removed_before_every_record_is_stored() {
    let collected = View {
        end_step: Some(EndStep::Collecting),
        ..view(SessionStatus::Ending, Job::Up(Some(Phase::Collected)), &[])
    };
    assert_eq!(
        plan(&View {
            is_pumped: false,
            ..collected
        }),
        Action::Wait
    );
    assert_eq!(plan(&collected), Action::Keep);
    let step = |step| {
        plan(&View {
            end_step: Some(step),
            ..collected
        })
    };
    assert_eq!(step(EndStep::Collected), Action::Remove);
    assert_eq!(step(EndStep::Removed), Action::Finish);
}

#[test]
fn a_start_that_fails_again_and_again_is_given_up() {
    let gone = view(SessionStatus::Pending, Job::Gone, &[]);
    assert_eq!(
        plan(&View {
            failed_starts: STARTS - 1,
            ..gone
        }),
        Action::NewJob
    );
    assert_eq!(
        plan(&View {
            failed_starts: STARTS,
            ..gone
        }),
        Action::GiveUp
    );
}

#[test]
fn a_file_call_resumes_a_suspended_session_and_keeps_a_failed_ones_job_without_preparing_it() {
    let mut table = String::new();
    for status in [SessionStatus::Suspended, SessionStatus::Failed] {
        for job in jobs() {
            let asked = |failed_starts| {
                plan(&View {
                    is_wanted: true,
                    failed_starts,
                    ..view(status, job, &[])
                })
            };
            let (first, last) = (asked(0), asked(STARTS));
            table += &format!("{}, {job:?}: {first:?}", status.as_str());
            if last != first {
                table += &format!(", at last {last:?}");
            }
            table += "\n";
        }
    }
    insta::assert_snapshot!(table, @r"
    suspended, Absent: Break
    suspended, Pending: Wait
    suspended, Gone: NewJob, at last ResumeFailed
    suspended, Up(None): Wait
    suspended, Up(Some(Blank)): Prepare
    suspended, Up(Some(Preparing)): Wait
    suspended, Up(Some(Ready)): Ready
    suspended, Up(Some(Failed)): ResumeFailed
    suspended, Up(Some(Ending)): StopJob
    suspended, Up(Some(Collected)): StopJob
    failed, Absent: Rest
    failed, Pending: Wait
    failed, Gone: NewJob, at last Refuse
    failed, Up(None): Wait
    failed, Up(Some(Blank)): Wait
    failed, Up(Some(Preparing)): Wait
    failed, Up(Some(Ready)): Wait
    failed, Up(Some(Failed)): Wait
    failed, Up(Some(Ending)): Wait
    failed, Up(Some(Collected)): Wait
    ");
}

#[test]
fn a_resume_that_was_asked_for_is_tried_as_for_a_prompt() {
    let mut table = String::new();
    for job in jobs() {
        let asked = |failed_starts| {
            plan(&View {
                resume_asked: true,
                failed_starts,
                ..view(SessionStatus::Suspended, job, &[])
            })
        };
        let (first, last) = (asked(0), asked(STARTS));
        table += &format!("{job:?}: {first:?}, at last {last:?}\n");
    }
    insta::assert_snapshot!(table, @r"
    Absent: Break, at last Break
    Pending: Wait, at last Wait
    Gone: NewJob, at last ResumeFailed
    Up(None): Wait, at last Wait
    Up(Some(Blank)): Prepare, at last Prepare
    Up(Some(Preparing)): Wait, at last Wait
    Up(Some(Ready)): Ready, at last Ready
    Up(Some(Failed)): ResumeFailed, at last ResumeFailed
    Up(Some(Ending)): StopJob, at last StopJob
    Up(Some(Collected)): StopJob, at last StopJob
    ");
}

#[test]
fn what_is_due_by_the_clock_comes_only_where_a_session_has_a_job() {
    let open = [turn(SubsessionId::new(), TurnStatus::Running)];
    let unused_since = Timestamp::from_micros(0);
    let left = Duration::from_secs(300);
    let dues = [Due::Idle { unused_since }, Due::Told { left }, Due::TimeUp];
    let mut table = String::new();
    for status in SessionStatus::ALL {
        for (what, turns) in [("quiet", &open[..0]), ("open turn", &open[..])] {
            let seen = view(status, Job::Up(Some(Phase::Ready)), turns);
            let usual = plan(&seen);
            for due in dues {
                let action = plan(&View {
                    due: Some(due),
                    ..seen
                });
                if action != usual {
                    table += &format!("{}, {what}: {action:?}\n", status.as_str());
                }
            }
        }
    }
    insta::assert_snapshot!(table, @r"
    pending, quiet: TellEnding { left: 300s }
    pending, quiet: TimeUp
    pending, open turn: TellEnding { left: 300s }
    pending, open turn: TimeUp
    active, quiet: SuspendIdle { unused_since: Timestamp(1970-01-01T00:00:00Z) }
    active, quiet: TellEnding { left: 300s }
    active, quiet: TimeUp
    active, open turn: TellEnding { left: 300s }
    active, open turn: TimeUp
    ");
}

#[test]
fn the_end_goes_step_by_step_and_never_back() {
    let mut learning = turn(SubsessionId::new(), TurnStatus::Running);
    learning.kind = TurnKind::Learning;
    let (open, over) = ([learning], []);
    let mut table = String::new();
    for step in [EndStep::Stopping, EndStep::Learning, EndStep::Collecting] {
        for (what, phase, turns, is_learning) in [
            ("learning to come", Phase::Ending, &open[..], false),
            ("learning", Phase::Ending, &open, true),
            ("learned", Phase::Ending, &over, false),
            ("collected", Phase::Collected, &over, false),
        ] {
            let ending = view(SessionStatus::Ending, Job::Up(Some(phase)), turns);
            let action = plan(&View {
                end_step: Some(step),
                is_learning,
                ..ending
            });
            table += &format!("{}, {what}: {action:?}\n", step.as_str());
        }
    }
    insta::assert_snapshot!(table, @r"
    stopping, learning to come: Wait
    stopping, learning: Step(Learning)
    stopping, learned: Step(Collecting)
    stopping, collected: Step(Collecting)
    learning, learning to come: Wait
    learning, learning: Wait
    learning, learned: Step(Collecting)
    learning, collected: Step(Collecting)
    collecting, learning to come: Wait
    collecting, learning: Wait
    collecting, learned: Wait
    collecting, collected: Keep
    ");
}

#[test]
fn a_learning_turn_can_be_aborted_while_the_harness_ends_and_no_other_turn() {
    let mut turns = [
        turn(SubsessionId::new(), TurnStatus::Running),
        turn(SubsessionId::new(), TurnStatus::Running),
    ];
    turns[0].abort_asked = true;
    turns[1].abort_asked = true;
    turns[1].kind = TurnKind::Learning;
    let ending = |phase| {
        let view = view(SessionStatus::Ending, Job::Up(Some(phase)), &turns);
        plan(&View {
            end_step: Some(EndStep::Learning),
            is_learning: true,
            ..view
        })
    };
    assert_eq!(
        ending(Phase::Ending),
        Action::AbortTurns(vec![turns[1].id]),
        "the others end with their conversations"
    );
    assert_eq!(
        ending(Phase::Ready),
        Action::End,
        "a harness that was told nothing yet is told of the end first"
    );
}
