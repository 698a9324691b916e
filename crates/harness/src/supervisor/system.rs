//! What of the machine every session sees, and what the wall leaves open.

/// Folders of programs and libraries; on most systems all but the first are links into it.
pub(super) const PROGRAMS: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
];

/// What programs read. `/etc` is listed file by file, because it also holds what only root should see; `/proc` is whole,
/// because a rule on `/proc/self` would serve the first process only, and the kernel keeps the processes outside the wall closed.
pub(super) const FILES: &[&str] = &[
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/gai.conf",
    "/etc/gitconfig",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/proc",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
];

/// Devices that programs expect.
pub(super) const DEVICES: &[&str] = &[
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
];

/// What a process behind the wall `landlock` can still do to the rest of the machine, a phrase each.
#[must_use]
pub fn leaves_open() -> &'static [&'static str] {
    &[
        "change mode, owner, times and attributes of any file of the same user",
        "see that a file exists, its size and times, and watch folders for changes",
        "use UNIX sockets that the same user may use (docker, D-Bus, ssh-agent, tmux), on kernels before Landlock ABI 9",
        "reach every network address that the machine reaches, also the loopback services of others",
        "read from and write to open terminals of the same user",
        "slow down processes of the same user",
        "read the command lines of all processes",
        "use shared memory segments that are open to the user",
        "make namespaces of its own, and use io_uring and the session's kernel keyring",
        "leave links in its folders that lead elsewhere for whoever follows them",
        "leave a hidden process behind if the supervisor itself is killed",
        "use as much processor time, memory and disk as the user may",
    ]
}
