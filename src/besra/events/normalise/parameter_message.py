"""Texts of the parameter messages (`%%2313`) that Security events hold in place of words (msobjs.dll of Windows)."""

from functools import cache

MESSAGES = """
1537 DELETE
1538 READ_CONTROL
1539 WRITE_DAC
1540 WRITE_OWNER
1541 SYNCHRONIZE
1542 ACCESS_SYS_SEC
1543 MAX_ALLOWED
1832 Identification
1833 Impersonation
1840 Delegation
1842 Yes
1843 No
1904 New registry value created
1905 Existing registry value modified
1906 Registry value deleted
1936 TokenElevationTypeDefault (1)
1937 TokenElevationTypeFull (2)
1938 TokenElevationTypeLimited (3)
2304 An Error occured during Logon.
2305 The specified user account has expired.
2306 The NetLogon component is not active.
2307 Account locked out.
2308 The user has not been granted the requested logon type at this machine.
2309 The specified account's password has expired.
2310 Account currently disabled.
2311 Account logon time restriction violation.
2312 User not allowed to logon at this computer.
2313 Unknown user name or bad password.
2314 Domain sid inconsistent.
2315 Smartcard logon is required and was not used.
4368 Query directory
4369 Traverse
4370 Create object in directory
4371 Create sub-directory
4416 ReadData (or ListDirectory)
4417 WriteData (or AddFile)
4418 AppendData (or AddSubdirectory or CreatePipeInstance)
4419 ReadEA
4420 WriteEA
4421 Execute/Traverse
4422 DeleteChild
4423 ReadAttributes
4424 WriteAttributes
4432 Query key value
4433 Set key value
4434 Create sub-key
4435 Enumerate sub-keys
4436 Notify about changes to keys
4437 Create Link
4480 Force process termination
4481 Create new thread in process
4482 Set process session ID
4483 Perform virtual memory operation
4484 Read from process memory
4485 Write to process memory
4486 Duplicate handle into or out of process
4487 Create a subprocess of process
4488 Set process quotas
4489 Set process information
4490 Query process information
4491 Set process termination port
4560 Force thread termination
4561 Suspend or resume thread
4562 Send an alert to thread
4563 Get thread context
4564 Set thread context
4565 Set thread information
4566 Query thread information
5392 ReadPasswordParameters
5393 WritePasswordParameters
5394 ReadOtherParameters
5395 WriteOtherParameters
5396 CreateUser
5397 CreateGlobalGroup
5398 CreateLocalGroup
5399 GetLocalGroupMembership
5400 ListAccounts
5408 ReadInformation
5409 WriteAccount
5410 AddMember
5411 RemoveMember
5412 ListMembers
5424 AddMember
5425 RemoveMember
5426 ListMembers
5427 ReadInformation
5428 WriteAccount
5440 ReadGeneralInformation
5441 ReadPreferences
5442 WritePreferences
5443 ReadLogon
5444 ReadAccount
5445 WriteAccount
5446 ChangePassword (with knowledge of old password)
5447 SetPassword (without knowledge of old password)
5448 ListGroups
5449 ReadGroupMembership
5450 ChangeGroupMembership
7680 Create Child
7681 Delete Child
7682 List Contents
7683 Write Self
7684 Read Property
7685 Write Property
7686 Delete Tree
7687 List Object
7688 Control Access
8448 Success removed
8449 Success Added
8450 Failure removed
8451 Failure Added
8452 Success include removed
8453 Success include added
8454 Success exclude removed
8455 Success exclude added
8456 Failure include removed
8457 Failure include added
8458 Failure exclude removed
8459 Failure exclude added
14592 Inbound
14593 Outbound
14597 Transport
14599 Stream
14608 Resource Assignment
14610 Receive/Accept
14611 Connect
14614 Resource Release
14673 [NULL]
14674 Value Added
14675 Value Deleted
14678 Yes
14679 No
"""
"""The messages that fields read by the pipelines can hold: access rights, logon failures, audit changes, layers."""


@cache
def _messages() -> dict[str, str]:
    rows = [line.partition(" ") for line in MESSAGES.strip().splitlines()]
    return {number: text for number, _, text in rows}


def message_number(text: str) -> str:
    """The number of `%%2313`; text of another form as it is, without blanks around it."""
    return text.replace("%%", "").strip()


def message_text(text: str) -> str | None:
    """The text of a parameter message, None for an unknown number."""
    return _messages().get(message_number(text))
