#!/bin/sh
# The half of `user_manager.UserManager` that is root: one service manager, kept until stdin ends.
# For `system_manager.SystemManager`, it is that of a whole system.
#
#     unshare --mount sh user_manager.sh keep NAME=value…
#
# The arguments are the environment of the user's log-in. The script's own: FOLDER, VISITOR (a number), EXPOSED (the
# folders that the user needs at the same paths) and COVERED (what stands in the way to them), one folder a line, and
# BECOME (log_in or boot).
set -eu
newline='
'

keep() {
    mount_cgroups
    cd /sys/fs/cgroup
    # Groups are named after their keeper: those of dead keepers are what killed runs have left. Of keepers in another
    # process namespace nothing is known; but a namespace may have the number of an older one, and its keepers theirs.
    namespace=$(stat --dereference --format=%i /proc/self/ns/pid)
    own=unplugd-rig-$namespace-$$
    for group in "unplugd-rig-$namespace"-*; do
        if [ "$group" = "$own" ] || [ ! -d "/proc/${group##*-}" ]; then
            remove "$group"
        fi
    done
    mkdir "$own"
    (
        echo 0 >"$own/cgroup.procs"
        exec unshare --mount --cgroup sh "$0" "$BECOME" "$@"
    ) &
    cat >/dev/null
    remove "$own"
}

# Some machines have cgroup2 there, some elsewhere, some nowhere; it refuses to be mounted upon itself.
mount_cgroups() {
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

# Kill all that is in a group, and remove it once all have left, however long that takes. Another keeper may do the same.
remove() {
    while [ -d "$1" ]; do
        { echo 1 >"$1/cgroup.kill"; } 2>/dev/null || true
        find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.02
    done
}

# Say which process it is, before anybody can hear that it is ready.
tell_process() {
    echo $$ >"$FOLDER/pid"
}

# Become the service manager of a system, which has to be the first process.
boot() {
    tell_process
    mount -t tmpfs -o mode=755 tmpfs /run
    cp -r "$FOLDER/run/." /run
    mount --bind "$FOLDER/runtime" "/run/user/$VISITOR"
    mount --bind "$FOLDER/passwd" /etc/passwd
    # What is installed on this machine is not started: it has the units in /run only.
    mount -t tmpfs -o mode=755 tmpfs /etc/systemd
    mount_cgroups
    expose
    mount -t tmpfs -o mode=755 tmpfs /var/log
    exec unshare --pid --fork --mount-proc --kill-child=KILL env -i "$@" container=rig \
        SYSTEMD_UNIT_PATH=/run/systemd/system /usr/lib/systemd/systemd --system --unit=basic.target
}

# Become the service manager.
log_in() {
    tell_process
    mount -t tmpfs -o mode=755 tmpfs /run
    cp -r "$FOLDER/run/." /run
    mount --bind "$FOLDER/runtime" "/run/user/$VISITOR"
    mount --bind "$FOLDER/passwd" /etc/passwd
    # What is installed on this machine is not started.
    mount -t tmpfs -o mode=755 tmpfs /etc/systemd/user
    mount_cgroups
    groups=/sys/fs/cgroup/user.slice/user-$VISITOR.slice
    own=$groups/user@$VISITOR.service
    mkdir -p "$own" "$groups/session-1.scope"
    chown "$VISITOR:$VISITOR" "$own" "$own/cgroup.procs" "$own/cgroup.subtree_control" "$own/cgroup.threads"
    expose
    # A journal of its own; started now, since it looks only once how the groups are mounted.
    mount -t tmpfs -o mode=755 tmpfs /var/log
    mkdir /var/log/journal
    /usr/lib/systemd/systemd-journald &
    # Its sockets are made one after the other.
    for made in stdout socket io.systemd.journal; do
        until [ -S "/run/systemd/journal/$made" ]; do sleep 0.005; done
    done
    echo 0 >"$own/cgroup.procs"
    cd "$FOLDER/home"
    exec setpriv --reuid="$VISITOR" --regid="$VISITOR" --clear-groups \
        env -i "$@" /usr/lib/systemd/systemd --user --log-target=journal
}

# Whoever may not look into /root still finds, at the same path, what there is exposed; and nothing else.
expose() {
    mkdir -m 700 /run/kept
    IFS=$newline
    number=0
    for folder in $EXPOSED; do
        number=$((number + 1))
        mkdir "/run/kept/$number"
        mount --rbind "$folder" "/run/kept/$number"
    done
    for folder in $COVERED; do
        mount -t tmpfs -o mode=755 tmpfs "$folder"
    done
    number=0
    for folder in $EXPOSED; do
        number=$((number + 1))
        mkdir -p "$folder"
        mount --rbind "/run/kept/$number" "$folder"
    done
    unset IFS
}

"$@"
