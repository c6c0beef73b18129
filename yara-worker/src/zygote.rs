//! Workers by fork: one process loads the program and warms up the engine once,
//! and every worker is a copy of it.
//!
//! The zygote reads requests from the parent alone. It never sees a rule or a
//! file, so there is nothing in it that one worker could learn of another. It
//! has one thread, because a fork copies no other: the engine's heartbeat starts
//! in the copy. docs/format/worker.md has the datagrams on its socket.

use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::ptr;

/// The socket to the parent is standard input.
const PARENT: RawFd = 0;
/// Descriptors that come with a request: the worker's standard input and output.
const PIPES: usize = 2;
/// Most workers at a time; each costs a descriptor.
const MAX_WORKERS: usize = 32;
/// Descriptors that the zygote may have open.
pub const MAX_FILES: u64 = 64;

/// What a datagram to the parent says.
#[derive(Clone, Copy)]
#[repr(u8)]
enum News {
    Warm = 1,
    Started = 2,
    Ended = 3,
    Refused = 4,
}

/// Which of the two processes returns from [`run`].
pub enum Role {
    /// A copy with the pipes of one request.
    Worker,
    /// The zygote, after its parent closed the socket.
    Over,
}

/// A worker that has not been reaped.
struct Child {
    id: u64,
    pid: libc::pid_t,
    handle: OwnedFd,
}

/// What the zygote needs from outside its walls.
pub struct Outside {
    stat: File,
    null: File,
}

impl Outside {
    /// Opens it; paths are gone once the walls stand.
    pub fn open() -> io::Result<Outside> {
        let null = File::options().read(true).write(true).open("/dev/null")?;
        Ok(Outside { stat: File::open("/proc/self/stat")?, null })
    }

    /// How many threads this process has; 0 when that cannot be told.
    fn threads(&self) -> usize {
        let mut text = [0u8; 1024];
        let read = self.stat.read_at(&mut text, 0).unwrap_or(0);
        let text = String::from_utf8_lossy(&text[..read]);
        // The name, which may hold blanks, ends with the last parenthesis.
        let fields = text.rsplit(')').next().unwrap_or("").split_whitespace();
        fields.clone().nth(17).and_then(|n| n.parse().ok()).unwrap_or(0)
    }
}

/// Forks a worker for each request until the parent is gone.
pub fn run(outside: Outside) -> io::Result<Role> {
    if outside.threads() != 1 {
        return Err(io::Error::other("warming up started a thread"));
    }
    let mut children: Vec<Child> = Vec::new();
    tell(News::Warm, 0, 0, None)?;
    loop {
        let (request, ended) = wait(&children)?;
        for pid in ended {
            let at = children.iter().position(|c| c.pid == pid);
            if let Some(child) = at.map(|i| children.swap_remove(i)) {
                tell(News::Ended, child.id, reap(pid)?, None)?;
            }
        }
        if !request {
            continue;
        }
        let Some((id, pipes)) = receive()? else { return Ok(Role::Over) };
        if children.len() >= MAX_WORKERS {
            tell(News::Refused, id, libc::EAGAIN, None)?;
            continue;
        }
        match fork(&pipes, &outside) {
            Ok(None) => return Ok(Role::Worker),
            Ok(Some((pid, handle))) => {
                tell(News::Started, id, 0, Some(handle.as_raw_fd()))?;
                children.push(Child { id, pid, handle });
            }
            Err(err) => tell(News::Refused, id, err.raw_os_error().unwrap_or(0), None)?,
        }
    }
}

/// Waits until a request is there or workers have ended.
fn wait(children: &[Child]) -> io::Result<(bool, Vec<libc::pid_t>)> {
    let poll = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut fds = vec![poll(PARENT)];
    fds.extend(children.iter().map(|c| poll(c.handle.as_raw_fd())));
    // SAFETY: fds is a live array of as many entries as it says.
    retry(|| unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, -1) } as isize)?;
    let ended = children.iter().zip(&fds[1..]).filter(|(_, fd)| fd.revents != 0).map(|(c, _)| c.pid);
    Ok((fds[0].revents != 0, ended.collect()))
}

fn reap(pid: libc::pid_t) -> io::Result<i32> {
    let mut status = 0;
    // SAFETY: status outlives the call.
    retry(|| unsafe { libc::waitpid(pid, &mut status, 0) } as isize)?;
    Ok(status)
}

/// In the zygote: the new worker and a handle on it. In the worker: `None`, when
/// its pipes are its standard input and output and nothing else is open.
fn fork(pipes: &[OwnedFd; PIPES], outside: &Outside) -> io::Result<Option<(libc::pid_t, OwnedFd)>> {
    let zygote = std::process::id();
    // SAFETY: this process has one thread, so the copy is whole.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    if pid == 0 {
        if become_worker(pipes, outside, zygote).is_err() {
            std::process::exit(crate::WORKER_FAILED);
        }
        return Ok(None);
    }
    // SAFETY: the kernel checks its arguments; the worker is not reaped yet, so
    // its number is still its own.
    let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if handle < 0 {
        let err = io::Error::last_os_error();
        // SAFETY: as above. A worker without a handle could not be ended later.
        unsafe { libc::kill(pid, libc::SIGKILL) };
        reap(pid)?;
        return Err(err);
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(Some((pid, unsafe { OwnedFd::from_raw_fd(handle as RawFd) })))
}

fn become_worker(pipes: &[OwnedFd; PIPES], outside: &Outside, zygote: u32) -> io::Result<()> {
    // SAFETY: these calls change flags and descriptors of this process alone;
    // what is closed is used by nobody afterwards.
    unsafe {
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) as isize)?;
        // It may have died before that call.
        if libc::getppid() as u32 != zygote {
            return Err(io::ErrorKind::NotConnected.into());
        }
        check(libc::dup2(pipes[0].as_raw_fd(), 0) as isize)?;
        check(libc::dup2(pipes[1].as_raw_fd(), 1) as isize)?;
        check(libc::dup2(outside.null.as_raw_fd(), 2) as isize)?;
        if libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) != 0 {
            for fd in 3..MAX_FILES as RawFd {
                libc::close(fd);
            }
        }
    }
    Ok(())
}

/// Sends one datagram: `u8 news | u64 id | i32 value`, and maybe a descriptor.
fn tell(news: News, id: u64, value: i32, fd: Option<RawFd>) -> io::Result<()> {
    let mut text = [0u8; 13];
    text[0] = news as u8;
    text[1..9].copy_from_slice(&id.to_le_bytes());
    text[9..].copy_from_slice(&value.to_le_bytes());
    let mut part = libc::iovec { iov_base: text.as_mut_ptr().cast(), iov_len: text.len() };
    let mut room = Ancillary::new();
    let mut message = room.message(&mut part);
    // SAFETY: the message points to text and room, which outlive the call, and
    // its control length is that of one descriptor or none.
    unsafe {
        match fd {
            None => (message.msg_control, message.msg_controllen) = (ptr::null_mut(), 0),
            Some(fd) => {
                message.msg_controllen = libc::CMSG_SPACE(mem::size_of::<RawFd>() as u32) as usize;
                let head = libc::CMSG_FIRSTHDR(&message);
                (*head).cmsg_level = libc::SOL_SOCKET;
                (*head).cmsg_type = libc::SCM_RIGHTS;
                (*head).cmsg_len = libc::CMSG_LEN(mem::size_of::<RawFd>() as u32) as usize;
                libc::CMSG_DATA(head).cast::<RawFd>().write_unaligned(fd);
            }
        }
        retry(|| libc::sendmsg(PARENT, &message, libc::MSG_NOSIGNAL))?;
    }
    Ok(())
}

/// Receives one request: an id and two pipes. `None` when the parent is gone.
fn receive() -> io::Result<Option<(u64, [OwnedFd; PIPES])>> {
    let mut text = [0u8; 8];
    let mut part = libc::iovec { iov_base: text.as_mut_ptr().cast(), iov_len: text.len() };
    let mut room = Ancillary::new();
    let mut message = room.message(&mut part);
    // SAFETY: the message points to text and room, which outlive the call.
    let read = retry(|| unsafe { libc::recvmsg(PARENT, &mut message, libc::MSG_CMSG_CLOEXEC) })?;
    let mut pipes = Vec::new();
    // SAFETY: the kernel filled the control room as its length says, and every
    // descriptor in it is new and nobody else's.
    unsafe {
        let mut head = libc::CMSG_FIRSTHDR(&message);
        while !head.is_null() {
            if (*head).cmsg_level == libc::SOL_SOCKET && (*head).cmsg_type == libc::SCM_RIGHTS {
                let bytes = (*head).cmsg_len - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(head).cast::<RawFd>();
                for i in 0..bytes / mem::size_of::<RawFd>() {
                    pipes.push(OwnedFd::from_raw_fd(data.add(i).read_unaligned()));
                }
            }
            head = libc::CMSG_NXTHDR(&message, head);
        }
    }
    if read == 0 {
        return Ok(None);
    }
    let whole = read as usize == text.len() && message.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) == 0;
    match pipes.try_into() {
        Ok(pipes) if whole => Ok(Some((u64::from_le_bytes(text), pipes))),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Room for descriptors beside a datagram, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Ancillary([u8; 64]);

impl Ancillary {
    fn new() -> Ancillary {
        Ancillary([0; 64])
    }

    fn message(&mut self, part: &mut libc::iovec) -> libc::msghdr {
        // SAFETY: all zeroes is a valid, empty msghdr.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_iov = part;
        message.msg_iovlen = 1;
        message.msg_control = self.0.as_mut_ptr().cast();
        message.msg_controllen = self.0.len();
        message
    }
}

fn check(result: isize) -> io::Result<isize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Repeats a call that a signal interrupted.
fn retry(mut call: impl FnMut() -> isize) -> io::Result<isize> {
    loop {
        match check(call()) {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
