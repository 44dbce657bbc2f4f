/*
 * Builds walls around itself and then becomes the program: no privilege is needed, none is left.
 *   sandbox-launcher CPU_SECONDS DATA_BYTES FILE_BYTES [-r PATH]... [-w FOLDER] -- NODE ARGUMENTS...
 * Leaves with 120 and one line on stderr if a wall cannot be built. Landlock alone may be missing (before Linux 5.13,
 * gVisor): the other walls stand without it, and the service measures which ones do.
 *   cc -O2 -static -Wall -Wextra -Werror -o sandbox-launcher sandbox-launcher.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "x86-64 and little-endian aarch64 only: the numbers of system calls and the order of arguments were checked there"
#endif

/* Stable numbers that the headers of an older system may lack. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static void die(const char *what) {
  fprintf(stderr, "sandbox-launcher: %s: %s\n", what, strerror(errno));
  _exit(120);
}

/* --- Limits ------------------------------------------------------------------------------------------------------ */

static void limit(int resource, rlim_t soft, rlim_t hard) {
  struct rlimit now;
  if (getrlimit(resource, &now)) die("getrlimit");
  /* A lower limit that somebody else set stays. */
  if (hard > now.rlim_max) hard = now.rlim_max;
  if (soft > hard) soft = hard;
  if (setrlimit(resource, &(struct rlimit){soft, hard})) die("setrlimit");
}

static rlim_t number(const char *text) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno || end == text || *end) die("not a number");
  return value;
}

static void close_descriptors(void) {
  if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
  /* Before Linux 5.9. */
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files)) die("getrlimit");
  for (rlim_t fd = 3; fd < files.rlim_cur && fd < 1 << 20; fd++) close((int)fd);
}

/* --- Landlock ---------------------------------------------------------------------------------------------------- */

enum { EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3, TRUNCATE = 1 << 14 };
enum { REMOVE_DIR = 1 << 4, REMOVE_FILE = 1 << 5, MAKE_DIR = 1 << 7, MAKE_REG = 1 << 8 };
enum { RIGHTS_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE };
enum { READ = READ_FILE | READ_DIR };
enum { WRITE = READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG };

struct ruleset { uint64_t fs, net, scoped; };
struct rule { uint64_t allowed; int32_t parent; } __attribute__((packed));

/* All that each version of Landlock can forbid; what is not granted below is then refused. */
static struct ruleset everything(long version) {
  static const int rights[] = {0, 13, 14, 15, 15, 16};
  int known = version < 5 ? rights[version] : rights[5];
  return (struct ruleset){(1ULL << known) - 1, version >= 4 ? 3 : 0, version >= 6 ? 3 : 0};
}

static void grant(int ruleset, uint64_t handled, const char *path, uint64_t allowed, int required) {
  int fd = open(path, O_PATH | O_CLOEXEC);
  struct stat found;
  if (fd < 0 && !required) return;
  if (fd < 0 || fstat(fd, &found)) die(path);
  struct rule rule = {allowed & handled, fd};
  if (!S_ISDIR(found.st_mode)) rule.allowed &= RIGHTS_OF_FILES;
  if (syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0)) die("landlock_add_rule");
  close(fd);
}

static void restrict_files(char *const *options, const char *node) {
  /* Libraries of Node.js, and what its OpenSSL reads at its start. */
  static const char *const libraries[] = {"/lib", "/lib64", "/usr/lib", "/usr/local/lib", "/usr/share/icu",
                                          "/etc/ld.so.cache", "/etc/ld-musl-x86_64.path",
                                          "/etc/ld-musl-aarch64.path", "/etc/ssl/openssl.cnf", NULL};
  /* execve starts the program's loader as well. */
  static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
                                        "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1", NULL};
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
  if (version < 1) return;
  struct ruleset all = everything(version);
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
  if (ruleset < 0) die("landlock_create_ruleset");
  for (const char *const *path = libraries; *path; path++) grant(ruleset, all.fs, *path, READ, 0);
  for (const char *const *path = loaders; *path; path++) grant(ruleset, all.fs, *path, READ_FILE | EXECUTE, 0);
  grant(ruleset, all.fs, node, READ_FILE | EXECUTE, 1);
  for (; strcmp(*options, "--"); options += 2)
    grant(ruleset, all.fs, options[1], strcmp(*options, "-w") ? READ : WRITE, 1);
  if (syscall(SYS_landlock_restrict_self, ruleset, 0)) die("landlock_restrict_self");
  close(ruleset);
}

/* --- System calls ------------------------------------------------------------------------------------------------ */

#define ALWAYS(name) {SYS_##name, -1, 0, 0}
/* Only if the bits of the mask in the lower half of this argument have this value; the kernel reads no more of them. */
#define WHERE(name, argument, mask, value) {SYS_##name, argument, (uint32_t)(mask), (uint32_t)(value)}
#define ALL_BITS 0xffffffff
#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC)

struct allowed { int number, argument; uint32_t mask, value; };

static const struct allowed reading[] = {
    /* The frequent ones first: the list is walked from its start. */
    ALWAYS(read), ALWAYS(write), ALWAYS(futex), ALWAYS(epoll_pwait), ALWAYS(mprotect), ALWAYS(madvise),
    ALWAYS(readv), ALWAYS(writev), ALWAYS(pread64), ALWAYS(mmap), ALWAYS(munmap), ALWAYS(mremap), ALWAYS(brk),
    /* Threads: but no process. Flags are out of reach in clone3, which is not listed, so that libc takes clone. */
    WHERE(clone, 0, CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
          CLONE_NEWPID | CLONE_NEWNET, CLONE_THREAD),
    ALWAYS(exit), ALWAYS(exit_group), ALWAYS(set_tid_address), ALWAYS(set_robust_list), ALWAYS(sched_yield),
    ALWAYS(membarrier), ALWAYS(gettid), ALWAYS(getpid), ALWAYS(sched_getaffinity), ALWAYS(getcpu),
    ALWAYS(sched_getparam), ALWAYS(sched_getscheduler),
    WHERE(prctl, 0, ALL_BITS, PR_SET_NAME), WHERE(prctl, 0, ALL_BITS, 0x53564d41 /* PR_SET_VMA: a mapping's name */),
    ALWAYS(pkey_alloc), ALWAYS(pkey_free), ALWAYS(pkey_mprotect), ALWAYS(restart_syscall),
    ALWAYS(rt_sigaction), ALWAYS(rt_sigprocmask), ALWAYS(rt_sigreturn), ALWAYS(sigaltstack),
    ALWAYS(clock_gettime), ALWAYS(clock_getres), ALWAYS(clock_nanosleep), ALWAYS(nanosleep), ALWAYS(gettimeofday),
    ALWAYS(epoll_create1), ALWAYS(epoll_ctl), ALWAYS(eventfd2), ALWAYS(pipe2), ALWAYS(ppoll), ALWAYS(dup),
    ALWAYS(dup3), ALWAYS(fcntl), ALWAYS(close), ALWAYS(lseek), ALWAYS(preadv), ALWAYS(getrandom), ALWAYS(uname),
    WHERE(ioctl, 1, ALL_BITS, FIONBIO), WHERE(ioctl, 1, ALL_BITS, FIOCLEX), WHERE(ioctl, 1, ALL_BITS, FIONREAD),
    WHERE(ioctl, 1, ALL_BITS, TCGETS),
    /* The pipes that it was given are sockets; it can make none. */
    ALWAYS(getsockname), ALWAYS(getsockopt), ALWAYS(shutdown),
    ALWAYS(fstat), ALWAYS(newfstatat), ALWAYS(statx), ALWAYS(faccessat), ALWAYS(readlinkat), ALWAYS(getdents64),
    ALWAYS(getcwd), ALWAYS(fadvise64), WHERE(openat, 2, WRITING, O_RDONLY),
    ALWAYS(getuid), ALWAYS(geteuid), ALWAYS(getgid), ALWAYS(getegid), ALWAYS(getppid), ALWAYS(capget),
    ALWAYS(getrusage), ALWAYS(sysinfo),
    /* Its own limits: those of another process would be the service's. */
    WHERE(prlimit64, 0, ALL_BITS, 0),
    /* Needed to become Node.js; with Landlock nothing else can be started. */
    ALWAYS(execve),
#ifdef SYS_rseq
    ALWAYS(rseq),
#endif
#ifdef __x86_64__
    ALWAYS(arch_prctl), ALWAYS(epoll_wait), ALWAYS(poll), ALWAYS(dup2), ALWAYS(pipe), ALWAYS(stat), ALWAYS(lstat),
    ALWAYS(access), ALWAYS(readlink), ALWAYS(time), ALWAYS(getrlimit), WHERE(open, 1, WRITING, O_RDONLY),
#endif
};

static const struct allowed writing[] = {
    ALWAYS(openat), ALWAYS(pwrite64), ALWAYS(pwritev), ALWAYS(ftruncate), ALWAYS(fsync), ALWAYS(fdatasync),
    ALWAYS(mkdirat), ALWAYS(unlinkat), ALWAYS(renameat),
#ifdef __x86_64__
    ALWAYS(open), ALWAYS(mkdir), ALWAYS(rmdir), ALWAYS(unlink), ALWAYS(rename),
#endif
};

static struct sock_filter filter[1024];
static unsigned short used;

static void emit(uint16_t code, uint32_t value, uint8_t skip_if, uint8_t skip_unless) {
  filter[used++] = (struct sock_filter)BPF_JUMP(code, value, skip_if, skip_unless);
}
static void load(size_t offset) { emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void leave(uint32_t verdict) { emit(BPF_RET | BPF_K, verdict, 0, 0); }
static void equal(uint32_t value, uint8_t skip_unless) { emit(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip_unless); }

static void allow(const struct allowed *calls, size_t count) {
  for (const struct allowed *call = calls; call < calls + count; call++) {
    equal((uint32_t)call->number, call->argument < 0 ? 1 : 5);
    if (call->argument >= 0) {
      load(offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)call->argument);
      emit(BPF_ALU | BPF_AND | BPF_K, call->mask, 0, 0);
      equal(call->value, 1);
    }
    leave(SECCOMP_RET_ALLOW);
    if (call->argument >= 0) load(offsetof(struct seccomp_data, nr));
  }
}

static void restrict_calls(int may_write) {
  load(offsetof(struct seccomp_data, arch));
  emit(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
  leave(SECCOMP_RET_KILL_PROCESS);
  load(offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
  /* x32 has the same architecture and other numbers. */
  emit(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
  leave(SECCOMP_RET_KILL_PROCESS);
#endif
  allow(reading, sizeof reading / sizeof *reading);
  if (may_write) allow(writing, sizeof writing / sizeof *writing);
  /* A signal to itself is how a program aborts. The number stays the same when it becomes Node.js. */
  const uint32_t self = (uint32_t)getpid();
  const struct allowed own[] = {WHERE(tgkill, 0, ALL_BITS, self), WHERE(tkill, 0, ALL_BITS, self)};
  allow(own, 2);
  /* Not EPERM: libc falls back to an older call only if the kernel seems not to have the newer one. */
  leave(SECCOMP_RET_ERRNO | ENOSYS);
  struct sock_fprog program = {used, filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)) die("seccomp");
}

int main(int count, char **words) {
  if (count < 6) return 2;
  char **options = words + 4, **program = options;
  int may_write = 0;
  while (*program && strcmp(*program, "--")) {
    if (!program[1] || (strcmp(*program, "-r") && strcmp(*program, "-w"))) return 2;
    if (!strcmp(*program, "-w")) may_write = 1;
    program += 2;
  }
  if (!*program || !*++program) return 2;

  rlim_t seconds = number(words[1]);
  /* First SIGXCPU, which tells why; a second later SIGKILL, which cannot be caught. */
  limit(RLIMIT_CPU, seconds, seconds + 1);
  limit(RLIMIT_DATA, number(words[2]), number(words[2]));
  limit(RLIMIT_FSIZE, number(words[3]), number(words[3]));
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_NOFILE, 64, 64);
  limit(RLIMIT_MEMLOCK, 0, 0);
  close_descriptors();
  /* Ends with the service, even if that was killed. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) die("prctl");
  /* A service that runs as root: its child keeps none of root's rights, such as that to raise limits. */
  for (int right = 0; prctl(PR_CAPBSET_READ, right, 0, 0, 0) >= 0; right++) prctl(PR_CAPBSET_DROP, right, 0, 0, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) die("no_new_privs");
  restrict_files(options, *program);
  restrict_calls(may_write);
  execv(*program, program);
  die(*program);
}
