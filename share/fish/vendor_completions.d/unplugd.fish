# fish completion of unplugd. Written by `make documents` from the command line's grammar; do not edit.

function __unplugd_command --description 'Whether the words so far are this command of unplugd'
    set -l command unplugd
    for word in (commandline -opc)[2..]
        if contains -- "$command $word" 'unplugd run' \
            'unplugd demo' \
            'unplugd status' \
            'unplugd snooze' \
            'unplugd log' \
            'unplugd report' \
            'unplugd devices' \
            'unplugd devices learn' \
            'unplugd doctor' \
            'unplugd config' \
            'unplugd config path' \
            'unplugd config show' \
            'unplugd config check' \
            'unplugd config init' \
            'unplugd config add-uploader' \
            'unplugd service' \
            'unplugd service install' \
            'unplugd service uninstall' \
            'unplugd service start' \
            'unplugd service stop' \
            'unplugd service restart' \
            'unplugd service status' \
            'unplugd service logs' \
            'unplugd service file'
            set command "$command $word"
        end
    end
    test "$command" = "$argv"
end

complete -c unplugd -f
complete -c unplugd -n '__unplugd_command unplugd' -a run -d 'watch, in the foreground; what the service runs'
complete -c unplugd -n '__unplugd_command unplugd' -a demo -d 'the whole story on a simulated device, in a minute'
complete -c unplugd -n '__unplugd_command unplugd' -a status -d 'show what is plugged in, who uses it and when the next reminder comes'
complete -c unplugd -n '__unplugd_command unplugd' -a snooze -d 'no reminder for a while'
complete -c unplugd -n '__unplugd_command unplugd' -a log -d 'show the journal'
complete -c unplugd -n '__unplugd_command unplugd' -a report -d 'show how long devices were plugged in, used, and left plugged in unused'
complete -c unplugd -n '__unplugd_command unplugd' -a devices -d 'list every USB device here, which are watched and why'
complete -c unplugd -n '__unplugd_command unplugd' -a doctor -d 'check everything that a reminder needs, with a hint for each failure'
complete -c unplugd -n '__unplugd_command unplugd' -a config -d 'the configuration file'
complete -c unplugd -n '__unplugd_command unplugd' -a service -d 'have unplugd started whenever you log in'
complete -c unplugd -n '__unplugd_command unplugd' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd' -l version -d 'show program\'s version number and exit'
complete -c unplugd -n '__unplugd_command unplugd run' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd run' -l config -r -F -d 'read this configuration instead of the user\'s'
complete -c unplugd -n '__unplugd_command unplugd demo' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd demo' -l fast -d 'in a few seconds'
complete -c unplugd -n '__unplugd_command unplugd status' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd status' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd snooze' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd snooze' -k -a '5m 15m 30m 1h' -d 'like "15m" (the default)'
complete -c unplugd -n '__unplugd_command unplugd snooze' -l cancel -d 'end the snooze now'
complete -c unplugd -n '__unplugd_command unplugd log' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd log' -l since -r -f -k -a 'today yesterday 12h 7d' -d 'only from then on; 2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h, in local time'
complete -c unplugd -n '__unplugd_command unplugd log' -l until -r -f -k -a 'today yesterday 12h 7d' -d 'only until then; a day or a minute as a whole'
complete -c unplugd -n '__unplugd_command unplugd log' -l last -r -f -d 'only the last N events'
complete -c unplugd -n '__unplugd_command unplugd log' -l event -r -f -k -a 'started config_loaded resumed use_ended reminder_ended unplugged snooze_ended plugged_in use_began snoozed stranger checkpoint reminded delivery_failed gap stopped' -d 'only these, may be given more than once: started, config_loaded, resumed, use_ended, reminder_ended, unplugged, snooze_ended, plugged_in, use_began, snoozed, stranger, checkpoint, reminded, delivery_failed, gap, stopped'
complete -c unplugd -n '__unplugd_command unplugd log' -l device -r -f -d 'only devices with this port, this id or this in the name'
complete -c unplugd -n '__unplugd_command unplugd log' -l format -r -f -k -a 'text jsonl csv' -d 'sentences without the checkpoints (unless --event asks for them), the events as they are, or a table'
complete -c unplugd -n '__unplugd_command unplugd log' -l follow -d 'go on as events come'
complete -c unplugd -n '__unplugd_command unplugd log' -F -d 'journals, or folders with some, to read instead of the user\'s own'
complete -c unplugd -n '__unplugd_command unplugd report' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd report' -l since -r -f -k -a 'today yesterday 12h 7d' -d 'only from then on; 2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h, in local time'
complete -c unplugd -n '__unplugd_command unplugd report' -l until -r -f -k -a 'today yesterday 12h 7d' -d 'only until then; a day or a minute as a whole'
complete -c unplugd -n '__unplugd_command unplugd report' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd report' -l html -r -F -d 'write it as a page, with pictures'
complete -c unplugd -n '__unplugd_command unplugd report' -l open -d 'open the page, too'
complete -c unplugd -n '__unplugd_command unplugd report' -l share -d 'without the names of computers and with models as device names'
complete -c unplugd -n '__unplugd_command unplugd report' -F -d 'journals, or folders with some, to read instead of the user\'s own'
complete -c unplugd -n '__unplugd_command unplugd devices' -a learn -d 'watch a device that is plugged in'
complete -c unplugd -n '__unplugd_command unplugd devices' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd devices' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd devices learn' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd devices learn' -l name -r -f -d 'what to call it'
complete -c unplugd -n '__unplugd_command unplugd doctor' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd doctor' -l notify -d 'show a test notification'
complete -c unplugd -n '__unplugd_command unplugd doctor' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd config' -a path -d 'print where it is'
complete -c unplugd -n '__unplugd_command unplugd config' -a show -d 'print every setting as it is in force'
complete -c unplugd -n '__unplugd_command unplugd config' -a check -d 'check it, and name every problem'
complete -c unplugd -n '__unplugd_command unplugd config' -a init -d 'write one to start from'
complete -c unplugd -n '__unplugd_command unplugd config' -a add-uploader -d 'add your upload software to it'
complete -c unplugd -n '__unplugd_command unplugd config' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config path' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config show' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config check' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config init' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config add-uploader' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config add-uploader' -l name -r -f -d 'what to call it'
complete -c unplugd -n '__unplugd_command unplugd service' -a install -d 'install it, start it, and show that it can reach you'
complete -c unplugd -n '__unplugd_command unplugd service' -a uninstall -d 'stop it and remove what install wrote'
complete -c unplugd -n '__unplugd_command unplugd service' -a start -d 'start it now'
complete -c unplugd -n '__unplugd_command unplugd service' -a stop -d 'stop it until you log in again'
complete -c unplugd -n '__unplugd_command unplugd service' -a restart -d 'stop it and start it again'
complete -c unplugd -n '__unplugd_command unplugd service' -a status -d 'show whether it is installed, up to date and running'
complete -c unplugd -n '__unplugd_command unplugd service' -a logs -d 'show what it has said'
complete -c unplugd -n '__unplugd_command unplugd service' -a file -d 'print the service file, for packagers and administrators'
complete -c unplugd -n '__unplugd_command unplugd service' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service install' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service install' -l dry-run -d 'only say what would be done'
complete -c unplugd -n '__unplugd_command unplugd service install' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -l purge -d 'the configuration and the journal too; asks before'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -l dry-run -d 'only say what would be done'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
complete -c unplugd -n '__unplugd_command unplugd service start' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service start' -l dry-run -d 'only say what would be done'
complete -c unplugd -n '__unplugd_command unplugd service start' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
complete -c unplugd -n '__unplugd_command unplugd service stop' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service stop' -l dry-run -d 'only say what would be done'
complete -c unplugd -n '__unplugd_command unplugd service stop' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
complete -c unplugd -n '__unplugd_command unplugd service restart' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service restart' -l dry-run -d 'only say what would be done'
complete -c unplugd -n '__unplugd_command unplugd service restart' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
complete -c unplugd -n '__unplugd_command unplugd service status' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service status' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd service status' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
complete -c unplugd -n '__unplugd_command unplugd service logs' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service logs' -l last -r -f -d 'only the last N lines (50)'
complete -c unplugd -n '__unplugd_command unplugd service logs' -l follow -d 'go on as lines come'
complete -c unplugd -n '__unplugd_command unplugd service logs' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
complete -c unplugd -n '__unplugd_command unplugd service file' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service file' -l command -r -F -d 'where the command unplugd will be'
complete -c unplugd -n '__unplugd_command unplugd service file' -l manager -r -f -k -a 'systemd launchd' -d 'instead of the one of this system'
