/* A disk that is slower than this one: preloaded, it lets every fsync and fdatasync wait some time more.
 *
 * SLOW_FSYNC_FILE names a file whose first four bytes are the microseconds to wait, in this machine's order
 * of bytes. It is mapped, so whoever writes the file changes the wait of all processes at once.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile uint32_t *wait_us;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void open_the_file(void) {
    const char *path = getenv("SLOW_FSYNC_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof(uint32_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        wait_us = page;
}

/* errno is the real call's: the wait must not be seen in it. */
static int after_a_wait(int result) {
    int error = errno;
    uint32_t microseconds = wait_us ? *wait_us : 0;
    struct timespec left = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};

    if (microseconds)
        while (nanosleep(&left, &left) != 0 && errno == EINTR)
            ;
    errno = error;
    return result;
}

int fsync(int file) { return after_a_wait(real_fsync(file)); }

int fdatasync(int file) { return after_a_wait(real_fdatasync(file)); }
