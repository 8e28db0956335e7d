/* Holds a device node open, under whatever name it was copied to. Its own arguments mean nothing to it.
 *
 * Each line on stdin is an order: a letter, a space, an argument. Each is answered by a line: 0, an error number,
 * or what was asked for. It ends when stdin does.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int held = -1;

static int obey(char order, const char *argument)
{
    char in[4096], out[4096], program[4096];
    pid_t child;

    switch (order) {
    case 'o': /* open a path, and keep it open */
        held = open(argument, O_RDWR | O_NOCTTY | O_CLOEXEC);
        return held < 0 ? errno : 0;
    case 'w': /* write to it */
        return write(held, argument, strlen(argument)) < 0 ? errno : 0;
    case 'c': /* close it */
        return close(held) < 0 ? errno : 0;
    case 'n': /* change the name that ps shows */
        return prctl(PR_SET_NAME, argument) < 0 ? errno : 0;
    case 'f': /* start a program: pipes for its stdin and stdout, and its path, on one line; answers its process id */
        if (sscanf(argument, "%4095s %4095s %4095[^\n]", in, out, program) != 3)
            return -EINVAL;
        child = fork();
        if (child == 0) {
            dup2(open(in, O_RDONLY | O_CLOEXEC), 0);
            dup2(open(out, O_WRONLY | O_CLOEXEC), 1);
            execl(program, program, (char *)NULL);
            _exit(127);
        }
        return child;
    }
    return EINVAL;
}

int main(void)
{
    char line[16384];

    signal(SIGCHLD, SIG_IGN);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        printf("%d\n", obey(line[0], line[0] && line[1] ? line + 2 : ""));
        fflush(stdout);
    }
    return 0;
}
