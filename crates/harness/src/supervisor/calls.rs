//! System calls that a confined process is refused. One so far: to change the limits of another process, by which an engine could keep its
//! supervisor from opening `/proc`, and so from killing anything.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

#[cfg(target_arch = "x86_64")]
const PRLIMIT64: i64 = 302;
#[cfg(target_arch = "aarch64")]
const PRLIMIT64: i64 = 261;

/// Refuses them from here on, also in everything that is started. `no_new_privs` must be on.
pub(super) fn refuse() -> Result<(), String> {
    let program = program().map_err(|error| format!("system calls cannot be refused: {error}"))?;
    seccompiler::apply_filter(&program)
        .map_err(|error| format!("system calls cannot be refused: {error}"))
}

fn program() -> Result<BpfProgram, seccompiler::BackendError> {
    let differs = |argument, from| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, from)
    };
    // prlimit64(pid, resource, new limit, old limit): of others it may only be asked.
    let of_others = SeccompRule::new(vec![differs(0, 0)?, differs(2, 0)?])?;
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let refused = SeccompAction::Errno(1);
    let rules = BTreeMap::from([(PRLIMIT64, vec![of_others])]);
    SeccompFilter::new(rules, SeccompAction::Allow, refused, arch)?.try_into()
}
