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
            'unplugd export' \
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
complete -c unplugd -n '__unplugd_command unplugd' -a run -d 'watch in the foreground; this is what the service runs'
complete -c unplugd -n '__unplugd_command unplugd' -a demo -d 'show how it all works on a simulated device, in about a minute'
complete -c unplugd -n '__unplugd_command unplugd' -a status -d 'show what is plugged in, what is using it, and when the next reminder is due'
complete -c unplugd -n '__unplugd_command unplugd' -a snooze -d 'pause reminders for a while'
complete -c unplugd -n '__unplugd_command unplugd' -a log -d 'show the journal'
complete -c unplugd -n '__unplugd_command unplugd' -a report -d 'show how long devices were plugged in, used, and left plugged in unused'
complete -c unplugd -n '__unplugd_command unplugd' -a export -d 'write when devices were used, and when plugged in unused, for other programs'
complete -c unplugd -n '__unplugd_command unplugd' -a devices -d 'list every USB device on this computer, which ones are watched, and why'
complete -c unplugd -n '__unplugd_command unplugd' -a doctor -d 'check everything a reminder needs, with a hint for each failure'
complete -c unplugd -n '__unplugd_command unplugd' -a config -d 'show, check or change the configuration'
complete -c unplugd -n '__unplugd_command unplugd' -a service -d 'run unplugd in the background whenever you are logged in'
complete -c unplugd -n '__unplugd_command unplugd' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd' -l version -d 'show program\'s version number and exit'
complete -c unplugd -n '__unplugd_command unplugd run' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd run' -l config -r -F -d 'use this configuration file instead of your own'
complete -c unplugd -n '__unplugd_command unplugd demo' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd demo' -l fast -d 'take only a few seconds'
complete -c unplugd -n '__unplugd_command unplugd status' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd status' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd status' -l prometheus -d 'print metrics in Prometheus\'s text format, without names; also if unplugd is not running'
complete -c unplugd -n '__unplugd_command unplugd snooze' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd snooze' -k -a '5m 15m 30m 1h' -d 'how long, such as "30m" (default: the "snooze" setting, 15m)'
complete -c unplugd -n '__unplugd_command unplugd snooze' -l cancel -d 'end the snooze now'
complete -c unplugd -n '__unplugd_command unplugd log' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd log' -l since -r -f -k -a 'today yesterday 12h 7d' -d 'start from this local time: 2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h'
complete -c unplugd -n '__unplugd_command unplugd log' -l until -r -f -k -a 'today yesterday 12h 7d' -d 'stop at this time; a day or minute is included whole'
complete -c unplugd -n '__unplugd_command unplugd log' -l last -r -f -d 'show only the last N events'
complete -c unplugd -n '__unplugd_command unplugd log' -l event -r -f -k -a 'started config_loaded resumed held_back_ended use_ended reminder_ended unplugged snooze_ended plugged_in use_began snoozed stranger held_back checkpoint away back reminded delivery_failed gap stopped' -d 'show only these events; can be given more than once: started, config_loaded, resumed, held_back_ended, use_ended, reminder_ended, unplugged, snooze_ended, plugged_in, use_began, snoozed, stranger, held_back, checkpoint, away, back, reminded, delivery_failed, gap, stopped'
complete -c unplugd -n '__unplugd_command unplugd log' -l device -r -f -d 'show only devices with this port or id, or with this text in the name'
complete -c unplugd -n '__unplugd_command unplugd log' -l format -r -f -k -a 'text jsonl csv' -d 'sentences (without checkpoints unless --event asks for them), the events as stored, or a table'
complete -c unplugd -n '__unplugd_command unplugd log' -l bom -d 'begin the csv table with a byte order mark, so that Excel shows every letter right'
complete -c unplugd -n '__unplugd_command unplugd log' -l follow -d 'keep running and show new events as they come'
complete -c unplugd -n '__unplugd_command unplugd log' -F -d 'journal files, or folders that hold some, to read instead of your own journal'
complete -c unplugd -n '__unplugd_command unplugd report' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd report' -l since -r -f -k -a 'today yesterday 12h 7d' -d 'start from this local time: 2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h'
complete -c unplugd -n '__unplugd_command unplugd report' -l until -r -f -k -a 'today yesterday 12h 7d' -d 'stop at this time; a day or minute is included whole'
complete -c unplugd -n '__unplugd_command unplugd report' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd report' -l html -r -F -d 'write the report to FILE as an HTML page with charts'
complete -c unplugd -n '__unplugd_command unplugd report' -l open -d 'open the page; without --html, it is among unplugd\'s temporary files'
complete -c unplugd -n '__unplugd_command unplugd report' -l share -d 'leave out computer names, and name devices by model only'
complete -c unplugd -n '__unplugd_command unplugd report' -l computer -r -f -d 'report only on this one of several computers'
complete -c unplugd -n '__unplugd_command unplugd report' -l on -r -f -d 'where to review: inline, processes, processes:4, or the address of a Dask scheduler, such as tcp://scheduler:8786 (default: processes if there is much to read)'
complete -c unplugd -n '__unplugd_command unplugd report' -F -d 'journal files, or folders that hold some, to read instead of your own journal'
complete -c unplugd -n '__unplugd_command unplugd export' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd export' -l since -r -f -k -a 'today yesterday 12h 7d' -d 'start from this local time: 2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h'
complete -c unplugd -n '__unplugd_command unplugd export' -l until -r -f -k -a 'today yesterday 12h 7d' -d 'stop at this time; a day or minute is included whole'
complete -c unplugd -n '__unplugd_command unplugd export' -l format -r -f -k -a 'csv jsonl' -d 'a table (default), or an object a line'
complete -c unplugd -n '__unplugd_command unplugd export' -l bom -d 'begin the csv table with a byte order mark, so that Excel shows every letter right'
complete -c unplugd -n '__unplugd_command unplugd export' -F -d 'journal files, or folders that hold some, to read instead of your own journal'
complete -c unplugd -n '__unplugd_command unplugd devices' -a learn -d 'watch one more device'
complete -c unplugd -n '__unplugd_command unplugd devices' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd devices' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd devices learn' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd devices learn' -l name -r -f -d 'the name to show for it'
complete -c unplugd -n '__unplugd_command unplugd doctor' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd doctor' -l notify -d 'show a test notification'
complete -c unplugd -n '__unplugd_command unplugd doctor' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd doctor' -l report -r -F -d 'write a report without names and serial numbers to FILE, to send to the developers; in a terminal, it also asks you to try things, for ten minutes (- for stdout)'
complete -c unplugd -n '__unplugd_command unplugd config' -a path -d 'print the path of the configuration file'
complete -c unplugd -n '__unplugd_command unplugd config' -a show -d 'print every setting in effect'
complete -c unplugd -n '__unplugd_command unplugd config' -a check -d 'check the file and list every problem'
complete -c unplugd -n '__unplugd_command unplugd config' -a init -d 'write a file with the defaults to start from'
complete -c unplugd -n '__unplugd_command unplugd config' -a add-uploader -d 'add your upload software to the file'
complete -c unplugd -n '__unplugd_command unplugd config' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config path' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config show' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config check' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config init' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config add-uploader' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd config add-uploader' -l name -r -f -d 'the name to show for it'
complete -c unplugd -n '__unplugd_command unplugd service' -a install -d 'install the service, start it, and show a first notification'
complete -c unplugd -n '__unplugd_command unplugd service' -a uninstall -d 'stop the service and remove what install wrote'
complete -c unplugd -n '__unplugd_command unplugd service' -a start -d 'start the service now'
complete -c unplugd -n '__unplugd_command unplugd service' -a stop -d 'stop the service until you next log in'
complete -c unplugd -n '__unplugd_command unplugd service' -a restart -d 'stop the service and start it again'
complete -c unplugd -n '__unplugd_command unplugd service' -a status -d 'show whether the service is installed, up to date and running'
complete -c unplugd -n '__unplugd_command unplugd service' -a logs -d 'show the service\'s output'
complete -c unplugd -n '__unplugd_command unplugd service' -a file -d 'print the service file, for packagers and administrators'
complete -c unplugd -n '__unplugd_command unplugd service' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service install' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service install' -l dry-run -d 'print what would be done, and change nothing'
complete -c unplugd -n '__unplugd_command unplugd service install' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -l purge -d 'also delete the configuration and the journal, after asking'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -l dry-run -d 'print what would be done, and change nothing'
complete -c unplugd -n '__unplugd_command unplugd service uninstall' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
complete -c unplugd -n '__unplugd_command unplugd service start' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service start' -l dry-run -d 'print what would be done, and change nothing'
complete -c unplugd -n '__unplugd_command unplugd service start' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
complete -c unplugd -n '__unplugd_command unplugd service stop' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service stop' -l dry-run -d 'print what would be done, and change nothing'
complete -c unplugd -n '__unplugd_command unplugd service stop' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
complete -c unplugd -n '__unplugd_command unplugd service restart' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service restart' -l dry-run -d 'print what would be done, and change nothing'
complete -c unplugd -n '__unplugd_command unplugd service restart' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
complete -c unplugd -n '__unplugd_command unplugd service status' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service status' -l json -d 'print JSON'
complete -c unplugd -n '__unplugd_command unplugd service status' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
complete -c unplugd -n '__unplugd_command unplugd service logs' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service logs' -l last -r -f -d 'show only the last N lines (default: 50)'
complete -c unplugd -n '__unplugd_command unplugd service logs' -l follow -d 'keep running and show new lines as they come'
complete -c unplugd -n '__unplugd_command unplugd service logs' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
complete -c unplugd -n '__unplugd_command unplugd service file' -s h -l help -d 'show this help message and exit'
complete -c unplugd -n '__unplugd_command unplugd service file' -l command -r -F -d 'the absolute path where the unplugd command will be'
complete -c unplugd -n '__unplugd_command unplugd service file' -l manager -r -f -k -a 'systemd launchd windows' -d 'use this service manager instead of the system\'s usual one'
