"""All targets, by the names that the command line takes."""

from __future__ import annotations

from typing import Final

from tests.fuzz import journal_mutation, journals, kernel, managers, own_files, session
from tests.fuzz.target import Target

TARGETS: Final = {
    "journals": Target(journals.one_input, journal_mutation.seeds, journal_mutation.mutate),
    "uevents": Target(kernel.take_uevents, kernel.find_uevent_seeds),
    "sysfs": Target(kernel.take_sysfs, kernel.find_sysfs_seeds),
    "processes": Target(kernel.take_process, kernel.find_process_seeds),
    "configuration": Target(own_files.take_configuration, own_files.find_configuration_seeds),
    "remembered": Target(own_files.take_remembered, own_files.find_remembered_seeds),
    "tail": Target(own_files.take_tail, own_files.find_tail_seeds),
    "requests": Target(session.take_requests, session.find_request_seeds),
    "bus": Target(session.take_bus, session.find_bus_seeds),
    "commands": Target(managers.take_command, managers.find_command_seeds),
    "managers": Target(managers.take_manager, managers.find_manager_seeds),
    "ioreg": Target(managers.take_ioreg, managers.find_ioreg_seeds),
}
