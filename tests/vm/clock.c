/* Preloaded into QEMU: sets its battery-backed clock, the one that the machine reads when it wakes up, ahead by as many
   seconds as the file $CLOCK_AHEAD holds (8 bytes). So a machine has slept all night when the test says so. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile const int64_t *ahead;

__attribute__((constructor)) static void start(void) {
    int file = open(getenv("CLOCK_AHEAD"), O_RDONLY | O_CLOEXEC);
    ahead = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (ahead == MAP_FAILED)
        abort();
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec real;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &real);
    now->tv_sec = real.tv_sec + (ahead ? *ahead : 0); /* other libraries begin earlier */
    now->tv_usec = real.tv_nsec / 1000;
    return 0;
}
