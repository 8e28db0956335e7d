/* Preloaded, this makes a program believe that there is no inotify. */
#include <errno.h>

int inotify_init1(int flags)
{
    (void)flags;
    errno = ENOSYS;
    return -1;
}
