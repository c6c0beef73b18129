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
use crate::zygote;

const MIB: u64 = 1 << 20;
/// Unit of the kernel's memory counters on the machines we build for.
const PAGE: u64 = 4096;

/// Resource, soft and hard limit. Address space bounds memory, CPU time bounds a
/// process whose parent is gone, file size 0 keeps every file untouched.
const LIMITS: [(Resource, &str, u64, u64); 6] = [
    (Resource::AS, "AS", 1024 * MIB, 1024 * MIB),
    (Resource::FSIZE, "FSIZE", 0, 0),
    (Resource::CORE, "CORE", 0, 0),
    (Resource::STACK, "STACK", 16 * MIB, 16 * MIB),
    (Resource::CPU, "CPU", 90, 95),
    (Resource::NOFILE, "NOFILE", 8, 8),
];
/// How many of them hold for the zygote too, which lives longer than 90 seconds
/// of CPU time and has descriptors for every worker.
const ZYGOTE_LIMITS: usize = 4;

/// The walls that processes forked from this one inherit.
pub struct Outer {
    privs: Wall,
    paths: Wall,
}

/// Builds the outer walls. They act on this thread and those it starts, so they
/// come before any.
pub fn outer() -> Outer {
    let privs = wall("no_new_privs", forbid_new_privileges());
    Outer { privs, paths: wall("landlock", forbid_paths()) }
}

/// Builds the outer walls of a process whose forks become workers, and limits it
/// as far as that leaves them their own limits.
pub fn outer_of_zygote() -> Outer {
    // What cannot be limited here is limited, and reported, in each worker.
    let _ = limit_resources(&LIMITS[..ZYGOTE_LIMITS]);
    let _ = Resource::NOFILE.set(zygote::MAX_FILES, zygote::MAX_FILES);
    outer()
}

/// Builds the walls that are each process's own, running `start` between the
/// last one that lets threads start and the first that does not. All walls are
/// reported.
pub fn inner(outer: Outer, start: impl FnOnce()) -> Vec<Wall> {
    let limits = wall("rlimits", limit_resources(&LIMITS));
    start();
    let calls = wall("seccomp", forbid_calls());
    vec![limits, outer.paths, outer.privs, calls]
}

fn wall(name: &str, built: Result<String, String>) -> Wall {
    let (up, detail) = match built {
        Ok(detail) => (true, detail),
        Err(why) => (false, why),
    };
    Wall { name: name.into(), up, detail }
}

fn limit_resources(limits: &[(Resource, &str, u64, u64)]) -> Result<String, String> {
    let mut failed = Vec::new();
    for &(resource, name, soft, hard) in limits {
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

/// This process's memory counters.
pub enum Memory {
    /// Opened while paths still exist: the peak that the kernel would report
    /// includes the parent's memory before exec.
    Counters(Option<File>),
    /// A fork has a peak of its own, and no path to its counters.
    Peak,
}

impl Memory {
    pub fn open() -> Memory {
        Memory::Counters(File::open("/proc/self/statm").ok())
    }

    pub fn forked() -> Memory {
        Memory::Peak
    }

    /// Resident set in bytes; 0 when unknown.
    pub fn resident(&self) -> u64 {
        match self {
            Memory::Counters(file) => file.as_ref().map_or(0, counted),
            Memory::Peak => peak(),
        }
    }
}

fn peak() -> u64 {
    // SAFETY: all zeroes is a valid rusage, and it outlives the call.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage.ru_maxrss as u64 * 1024
    }
}

fn counted(statm: &File) -> u64 {
    let mut text = [0u8; 128];
    let read = statm.read_at(&mut text, 0).unwrap_or(0);
    let pages = std::str::from_utf8(&text[..read]).ok().and_then(|t| t.split(' ').nth(1)?.parse().ok());
    pages.unwrap_or(0u64) * PAGE
}
