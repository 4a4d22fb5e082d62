"""Events of Microsoft-Windows-TaskScheduler/Operational to ECS; actions are the texts of the tasks."""

from besra.events.normalise.channel_table import account, executable, integer, table

TASK_SCHEDULER = table(
    """
    100; process; info; Task Started
    101; process; info; Task Start Failed
    102; process; info; Task completed
    106; configuration; creation; Task registered
    107; process; info; Task triggered on scheduler
    108; process; info; Task triggered on event
    110; process; info; Task triggered by user
    118; process; info; Task triggered by computer startup
    119; process; info; Task triggered on logon
    129; process; info; Created Task Process
    140; configuration; change; Task registration updated
    141; configuration; deletion; Task registration deleted
    142; configuration; change; Task disabled
    200; process; info; Action started
    201; process; info; Action completed
    202; process; info; Action failed
    """,
    (
        ("UserContext", "user", account),
        ("UserName", "user", account),
        ("ProcessID", "process.pid", integer),
        ("EnginePID", "process.pid", integer),
        ("Path", "process.executable", executable),
        ("ActionName", "process.executable", executable),
        ("ResultCode", "process.exit_code", integer),
    ),
    ResultCode="201",
    ActionName="200 201 202",
)
"""A task is no process start: a rule over those would see programs that have no command line and no parent."""
