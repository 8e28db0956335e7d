/* Five hundred other programs: `crowd COUNT` starts them, each with a few descriptors open, and ends with its stdin. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void sleep_with_descriptors(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "sleeper");
    /* With stdin, stdout and stderr seven each, 3,500 in all: what the 150 of 500 that are one's own have on a desktop. */
    open("/proc/self/exe", O_RDONLY);
    open("/etc/passwd", O_RDONLY);
    socket(AF_UNIX, SOCK_STREAM, 0);
    socket(AF_UNIX, SOCK_STREAM, 0);
    for (;;)
        pause();
}

int main(int count, char **arguments)
{
    int left = count > 1 ? atoi(arguments[1]) : 0;

    while (left-- > 0) {
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (child == 0)
            sleep_with_descriptors();
    }
    puts("ready");
    fflush(stdout);
    /* Its children end with it. */
    return getchar() == EOF ? 0 : 1;
}
