"""Text of the Linux audit daemon: the records of one event, joined by node and serial, as one record.

An event is logged as several lines that share a time and a serial, possibly between those of other events. They are
gathered into this JSON object, which the source `auditd` turns into ECS (sources.md 7):

```
{
  "auditd_records": [{"type": "SYSCALL", "arch": "c000003e", "syscall": "59", …}, …],   in the order of the log
  "sequence": 456,                                  the serial
  "timestamp": "2023-11-14T22:13:20.123Z",          as logged, in UTC
  "node": "web-1"                                   of `node=`, else the host of the syslog line; absent if neither
}
```

Every record has `type`, in capitals (`UNKNOWN[1334]` as it is), and its fields by the names and with the text they
were logged with; quotes are taken off, and values the kernel wrote in hexadecimal because they hold blanks, quotes or
worse are decoded. `(null)` and `?`, which stand for nothing, are left out. Beyond that:

| Field | Of | Is |
|---|---|---|
| `enriched` | any record with an interpreted part | an object of what auditd resolved, by lower-case names: `{"syscall": "execve", "auid": "ada"}` |
| `keys` | what had `key=` | a list of the names of rules |
| `args` | EXECVE | the arguments, as a list of texts; `a0` and so on are not repeated; `argc` stays |
| `args_missing` | EXECVE | how many arguments the log promises and does not hold, if any |
| `proctitle` | PROCTITLE | the command line, its parts separated by blanks |
| `sockaddr` | SOCKADDR | `{"family": "ipv4" or "ipv6", "address": text, "port": integer}`, `{"family": "unix", "path": text}`, or `{"family": text}` alone; `saddr` stays as logged |

Fields within `msg='…'` of records of user space (`op`, `acct`, `exe`, `hostname`, `addr`, `terminal`, `res`, …) stand
beside those before it, which win where a name occurs twice.
"""
