"""In the guest: starts the programs that the host asks for, as whom it asks for, and passes their input and output.

One JSON object a line each way over a virtio-serial port. From the host: {"id", "start": [program, …], "user"},
{"id", "input": text}, {"id", "end_input": true}, {"id", "signal": number}. From here: {"id", "output": text},
{"id", "errors": text}, {"id", "status": number}, and once {"ready": true}.
"""

import json
import os
import pwd
import subprocess
import threading
from typing import IO, Any

PORT = "/dev/virtio-ports/agent"


def main() -> None:
    """Serve the host until the machine stops."""
    port = os.open(PORT, os.O_RDWR)
    sending = threading.Lock()
    programs: dict[int, subprocess.Popen[str]] = {}

    def send(message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        with sending:
            while data:
                data = data[os.write(port, data) :]

    def pass_on(number: int, name: str, stream: IO[str]) -> None:
        for line in stream:
            send({"id": number, name: line})

    def follow(number: int, program: subprocess.Popen[str]) -> None:
        assert program.stdout
        assert program.stderr
        errors = threading.Thread(target=pass_on, args=(number, "errors", program.stderr))
        errors.start()
        pass_on(number, "output", program.stdout)
        errors.join()
        send({"id": number, "status": program.wait()})

    send({"ready": True})
    for line in os.fdopen(port, "rb", closefd=False):
        request = json.loads(line)
        number = request["id"]
        if "start" in request:
            try:
                programs[number] = program = start(request["start"], request["user"])
            except OSError as error:
                send({"id": number, "errors": f"{error}\n"})
                send({"id": number, "status": 127})
                continue
            threading.Thread(target=follow, args=(number, program), daemon=True).start()
            continue
        try:
            stdin = programs[number].stdin
            assert stdin
            if "input" in request:
                stdin.write(request["input"])
                stdin.flush()
            elif "end_input" in request:
                stdin.close()
            else:
                programs[number].send_signal(request["signal"])
        except OSError:
            pass  # it has ended, as its status will say


def start(command: list[str], name: str) -> subprocess.Popen[str]:
    """Start `command` as the user `name`, with the environment of that user's session."""
    user = pwd.getpwnam(name)
    runtime = f"/run/user/{user.pw_uid}"
    return subprocess.Popen(
        command,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=os.getgrouplist(name, user.pw_gid),
        cwd=user.pw_dir,
        env={
            "HOME": user.pw_dir,
            "USER": name,
            "PATH": "/usr/local/bin:/usr/bin:/usr/sbin",
            "LANG": "C.UTF-8",
            "DISPLAY": f":{user.pw_uid}",
            "XDG_RUNTIME_DIR": runtime,
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={runtime}/bus",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
    )


if __name__ == "__main__":
    main()
