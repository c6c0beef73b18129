//! The walls this process builds around itself before it reads one byte.
//!
//! Whatever the rules or a file make the engine do, what is left is: compute,
//! allocate memory that cannot be executed, read standard input and write
//! standard output. A wall that cannot be built is reported, never ignored:
//! the parent decides whether that is good enough.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr,
    RulesetStatus, Scope,
};
use rlimit::Resource;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::message::Wall;

const MIB: u64 = 1 << 20;
/// Unit of the kernel's memory counters on the machines we build for.
const PAGE: u64 = 4096;

/// Resource, soft and hard limit. Address space bounds memory, CPU time bounds a
/// process whose parent is gone, file size 0 keeps every file untouched.
const LIMITS: [(Resource, &str, u64, u64); 6] = [
    (Resource::AS, "AS", 1024 * MIB, 1024 * MIB),
    (Resource::CPU, "CPU", 90, 95),
    (Resource::NOFILE, "NOFILE", 8, 8),
    (Resource::FSIZE, "FSIZE", 0, 0),
    (Resource::CORE, "CORE", 0, 0),
    (Resource::STACK, "STACK", 16 * MIB, 16 * MIB),
];

/// Builds every wall, running `warm_up` between the last one that lets threads
/// start and the first that does not: the engine's heartbeat is a thread.
pub fn enter(warm_up: impl FnOnce()) -> Vec<Wall> {
    let limits = wall("rlimits", limit_resources());
    // Both act on this thread and those it starts, so they come before any.
    let privs = wall("no_new_privs", forbid_new_privileges());
    let paths = wall("landlock", forbid_paths());
    warm_up();
    let calls = wall("seccomp", forbid_calls());
    vec![limits, paths, privs, calls]
}

fn wall(name: &str, built: Result<String, String>) -> Wall {
    let (up, detail) = match built {
        Ok(detail) => (true, detail),
        Err(why) => (false, why),
    };
    Wall { name: name.into(), up, detail }
}

fn limit_resources() -> Result<String, String> {
    let mut failed = Vec::new();
    for (resource, name, soft, hard) in LIMITS {
        // A stricter limit that is already in force stays.
        let (_, ceiling) = resource.get().unwrap_or((u64::MAX, u64::MAX));
        let hard = hard.min(ceiling);
        if let Err(err) = resource.set(soft.min(hard), hard) {
            failed.push(format!("{name}: {}", err.kind()));
        }
    }
    if failed.is_empty() { Ok(String::new()) } else { Err(failed.join(", ")) }
}

fn forbid_new_privileges() -> Result<String, String> {
    // SAFETY: prctl with these constants only changes flags of this process.
    let (privs, dump) = unsafe {
        (libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0))
    };
    match (privs, dump) {
        (0, 0) => Ok(String::new()),
        (0, _) => Err("process stays dumpable".into()),
        _ => Err("prctl refused".into()),
    }
}

fn forbid_paths() -> Result<String, String> {
    let newest = ABI::V7;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))
        .and_then(|r| r.handle_access(AccessNet::from_all(newest)))
        .and_then(|r| r.scope(Scope::from_all(newest)))
        .and_then(|r| r.create())
        .and_then(|r| r.restrict_self())
        .map_err(|_| "ruleset refused".to_string())?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => Err("disabled in this kernel".into()),
        (RulesetStatus::NotEnforced, _) => Err("not in this kernel".into()),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(format!("abi {}", effective_abi as i32)),
        _ => Ok(String::new()),
    }
}

fn forbid_calls() -> Result<String, String> {
    let program = filter().map_err(|_| "filter does not compile for this machine".to_string())?;
    seccompiler::apply_filter_all_threads(&program).map_err(|_| "filter refused".to_string())?;
    Ok(String::new())
}

/// The allow-list. Everything else answers EPERM: no files, no sockets, no
/// processes or threads, and no memory that is executable.
fn filter() -> Result<BpfProgram, Box<dyn std::error::Error>> {
    let plain = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_brk,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_getrusage,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_restart_syscall,
        // The heartbeat thread may still be starting when the filter comes.
        libc::SYS_rseq,
        libc::SYS_set_robust_list,
        libc::SYS_sched_getaffinity,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = plain.into_iter().map(|call| (call, vec![])).collect();
    let no_exec = |arg| -> Result<_, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(
            arg,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64),
            0,
        )?])
    };
    rules.insert(libc::SYS_mmap, vec![no_exec(2)?]);
    rules.insert(libc::SYS_mprotect, vec![no_exec(2)?]);
    // abort() sends itself a signal; nobody else may get one.
    let own_pid =
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(std::process::id()))?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own_pid])?]);
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    Ok(filter.try_into()?)
}

/// CPU time this process has used.
pub fn cpu_time() -> Duration {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: ts is a valid timespec that outlives the call.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut ts) };
    if rc != 0 { Duration::ZERO } else { Duration::new(ts.tv_sec as u64, ts.tv_nsec as u32) }
}

/// This process's memory counters, opened while paths still exist: the peak
/// that the kernel would report includes the parent's memory before exec.
pub struct Memory(Option<File>);

impl Memory {
    pub fn open() -> Memory {
        Memory(File::open("/proc/self/statm").ok())
    }

    /// Resident set in bytes; 0 when unknown.
    pub fn resident(&self) -> u64 {
        let mut text = [0u8; 128];
        let read = self.0.as_ref().and_then(|f| f.read_at(&mut text, 0).ok()).unwrap_or(0);
        let pages = std::str::from_utf8(&text[..read]).ok().and_then(|t| t.split(' ').nth(1)?.parse().ok());
        pages.unwrap_or(0u64) * PAGE
    }
}
