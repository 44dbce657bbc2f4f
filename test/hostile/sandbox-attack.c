/* Tries one thing that Node.js gives no way to try. Leaves with 0 if it got through, with 1 if it was refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static char *const none[] = {"true", NULL};

/* Refused if there is no right of root left. */
static long rights_of_root(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct rights[2] = {{0, 0, 0}, {0, 0, 0}};
  if (syscall(SYS_capget, &header, rights)) return -1;
  errno = EPERM;
  return rights[0].permitted | rights[1].permitted ? 0 : -1;
}

static long attack(const char *name) {
  pid_t service = getppid();
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)&byte, 1};
  struct rlimit limit = {60, 60};
  uint64_t clone_arguments[8] = {0, 0, 0, 0, SIGCHLD, 0, 0, 0};
  if (!strcmp(name, "fork")) return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (!strcmp(name, "clone3")) return syscall(SYS_clone3, clone_arguments, sizeof clone_arguments);
  if (!strcmp(name, "user namespace")) return unshare(CLONE_NEWUSER);
  if (!strcmp(name, "another program")) return execv("/bin/true", none);
  if (!strcmp(name, "another program by descriptor"))
    return (int)syscall(SYS_execveat, open("/proc/self/exe", O_PATH), "", none, NULL, AT_EMPTY_PATH);
  if (!strcmp(name, "ptrace")) return ptrace(PTRACE_ATTACH, service, 0, 0);
  if (!strcmp(name, "memory of the service")) return process_vm_readv(service, &here, 1, &there, 1, 0) < 0 ? -1 : 0;
  if (!strcmp(name, "limits of the service")) return syscall(SYS_prlimit64, service, RLIMIT_NOFILE, NULL, &limit);
  if (!strcmp(name, "rights of root")) return rights_of_root();
  if (!strcmp(name, "higher limits")) return setrlimit(RLIMIT_CPU, &limit);
  if (!strcmp(name, "signal to the service")) return syscall(SYS_tgkill, service, service, 0);
  if (!strcmp(name, "signal by descriptor")) return syscall(SYS_pidfd_open, service, 0);
  if (!strcmp(name, "socket")) return socket(AF_INET, SOCK_STREAM, 0);
  if (!strcmp(name, "pair of sockets")) return socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0, 0});
  if (!strcmp(name, "io_uring")) return syscall(SYS_io_uring_setup, 1, calloc(1, 120));
  if (!strcmp(name, "a session of its own")) return setsid();
  if (!strcmp(name, "life beyond the service")) return prctl(PR_SET_PDEATHSIG, 0);
  if (!strcmp(name, "file in memory")) return syscall(SYS_memfd_create, "", 0);
  if (!strcmp(name, "writing")) return open(".", O_TMPFILE | O_RDWR, 0600);
  if (!strcmp(name, "inherited descriptor")) return fcntl(9, F_GETFD);
#ifdef __x86_64__
  /* Numbers of another architecture: getpid there. */
  if (!strcmp(name, "x32")) return syscall(0x40000000 | SYS_getpid);
  if (!strcmp(name, "i386")) {
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    return result;
  }
#endif
  errno = 0;
  return -2;
}

/* Not an attack: becomes the program on a kernel without Landlock. */
static int without_landlock(char **program) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog code = {4, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &code);
  return execv(*program, program);
}

int main(int count, char **words) {
  if (count > 2 && !strcmp(words[1], "without-landlock")) return without_landlock(words + 2);
  long result = count == 2 ? attack(words[1]) : -2;
  if (result == -2) return 2;
  if (result < 0) printf("%d\n", errno);
  return result < 0;
}
