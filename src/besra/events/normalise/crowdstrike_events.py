"""What kind of event each `event_simpleName` of CrowdStrike is (sources.md 7).

Names that only tell of the sensor, its configuration or of cloud inventories are left out: no rule asks for them, and
they are events of no category.
"""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Kind:
    """`event.category`, `.type`, `.kind` and `.outcome` of an event."""

    category: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    kind: str = "event"
    outcome: str | None = None


WRITTEN = "Written"
"""A name that ends so and is not in the table is an event of a file."""

EVENTS = (
    # category | type | kind | outcome | names
    """process | start | event | success | ProcessRollup ProcessRollup2 SyntheticProcessRollup2 ClassifiedProcessStart
    ServiceStarted HostedServiceStarted WmiCreateProcess FlashThreadCreateProcess CreateThreadNoStartImage
    CreateThreadKernelNoStartImage ActiveDirectoryIncomingPsExecExecution2 PhpExecuteScript PtyAttached
    WSLDistributionStarted WSLVMStarted""",
    "process | start | state | success | CreateProcessArgs",
    "process | start | alert | success | RemoteThreadCreate",
    "process | start | event | | KernelServiceStarted",
    """process | end | event | success | EndOfProcess TerminateProcess TerminateRemoteProcessEtw ProcessSelfDeleted
    HostedServiceStopped ServiceStopped AbnormalTerminationNotification PtyDetached WSLDistributionStopping
    WSLVMStopping""",
    """process | end | event | unknown | RemediationActionKillProcess RecoveryActionKillProcessesComplete
    RecoveryActionKillProcessesReply NamedMutantHandleClosedTelemetry NamedSemaphoreHandleClosedTelemetry""",
    "process | end | event | failure | KillProcessError SuspendProcessError CsUmProcessCrashSummaryEvent",
    "process | end info | event | success | CommandHistory",
    "process | end info | event | unknown | ProcessActivitySummary",
    """process | change | event | success | CreateThreadReflectiveDll DllInjection InjectedThread JavaInjectedThread
    ProcessInjection ThreadBlocked""",
    """process | change | event | unknown | ProtectVmEtw SetThreadCtxEtw KernelCallbackTableUpdate
    ProcessHandleOpDowngraded UserSetProcessBreakOnTermination""",
    "process | change | alert | success | InjectedThreadFromUnsignedModule",
    "process | change | alert | unknown | LsassHandleFromUnsignedModule RemoteProcessMemoryWrite",
    "process configuration | change | event | success | MemoryProtectionChanged MemoryProtectionUpdated",
    "process | access change | event | success | BrowserInjectedThread DocumentProgramInjectedThread",
    "process | access | event | success | ScreenshotTakenEtw",
    "process | access | event | unknown | PrivilegedProcessHandle UserEatAccessMonitoring",
    """process | access | alert | success | PrivilegedProcessHandleFromUnsignedModule ReflectiveDllOpenProcess
    WroteExeAndGeneratedServiceEvent""",
    "process | access | alert | unknown | RemoteProcessMemoryRead",
    "process | access | alert | failure | ProcessBlocked",
    "process file | start | event | success | ProcessExecOnRDPFile ProcessExecOnWinRMFile",
    "file process | start | event | success | RecentlyModifiedFileExecutedInContainer",
    "file process | creation start | event | success | FileWrittenAndExecutedInContainer",
    "process file | access | alert | success | ProcessExecOnPackedExecutable",
    "process file network | access | alert | success | ProcessExecOnSMBFile",
    "process | info | state | unknown | ProcessRollup2Stats SyntheticPR2Stats",
    "process | info | event | success | SensitiveWmiQuery BPFCommandIssued",
    """process | info | event | unknown | ShellCommandLineInfo ProcessSignal ProcessTrace SyntheticProcessTrace
    ProcessWitness ProcessControl ProcessAncestryInformation ProcessEnvironmentEmpty ProcessPatternTelemetry
    ProcessTreeCompositionPatternTelemetry AllocVmEtw SetWindowsHook SetWindowsHookExEtw MemoryMapped MemoryLocked
    MemoryAdvise VirtualMemoryArea SyntheticVirtualMemoryArea GetAsyncKeyStateEtwBatch IPCDetectInfo PhpBase64Decode
    PhpEvalString ScriptControlDotNetMetadata UmppcDetectInfo AmsBytePatternScanResult AmsBytePatternScanTelemetry""",
    "process | info | event | | SuspiciousPrivilegedProcessHandle",
    "process malware | info | alert | success | ProcessHandleOpDetectInfo UserExceptionDEP",
    "malware process | info | alert | success | SuspiciousUserRemoteAPCAttempt",
    "process malware | info denied | alert | success | ModuleBlockedEvent",
    "process malware | info | event | unknown | ModuleBlockedEventWithPatternId ModuleDetectInfo",
    """process malware | info | alert | unknown | HeapSprayAttempt SEHOverWriteAttempt ASLRBypassAttempt
    IntrusiveProcessDiscovered NullPageUnmapAttempt ExtendedExploitMitigationViolatedDetectInfo TrampolineDetected
    UmppcEntryAnomaly DwmCompositionResourceExploitAttempt""",
    "process malware | start | alert | unknown | SuspectCreateThreadStack",
    """process authentication | info change | event | success | TokenImpersonated UACCOMElevation UACExeElevation
    UACMSIElevation""",
    """process authentication | change | event | success | ProcessTokenPrivilegesEdited UACAxisElevation
    UACCredentialCaptureElevation""",
    "process authentication | change | alert | success | ProcessTokenStolen SystemTokenStolen",
    "session process | start | event | success | ProcessSessionCreated",
    "iam process | change | event | unknown | ProcessSubstituteUser",
    """file | creation | event | success | AppleScriptFileWritten ArcFileWritten AsifFileWritten BZip2FileWritten
    BlfFileWritten BmpFileWritten CabFileWritten CrxFileWritten DebFileWritten DirectoryCreate DmgFileWritten
    DmpFileWritten DwgFileWritten ELFFileWritten EmailFileWritten EseFileWritten FileCreateInfo
    FileWrittenWithEntropyHigh GenericFileWritten GifFileWritten GzipFileWritten ImgExtensionFileWritten
    InstallBundleDownloadComplete InstallServiceDownloadComplete JarFileWritten JavaClassFileWritten JpegFileWritten
    LFODownloadConfirmation LZipFileWritten LnkFileWritten LzfseFileWritten LzmaFileWritten MSDocxFileWritten
    MSPptxFileWritten MSXlsxFileWritten MotwWritten MsiFileWritten NewExecutableWritten NewScriptWritten
    OleFileWritten OoxmlFileWritten PackageManagerDownloadComplete PackedExecutableWritten PdfFileWritten
    PeFileWritten PemFileWritten PngFileWritten PtyCreated PythonFileWritten RansomwareCreateFile RarFileWritten
    RtfFileWritten ScriptFileWrittenInfo SevenZipFileWritten TarFileWritten TiffFileWritten
    UpdateManifestDownloadComplete VolumeSnapshotCreated WebScriptFileWritten XarFileWritten XzFileWritten
    ZipFileWritten""",
    "file | creation | event | unknown | FsPostCreate NtfsLinkCreatedDetectInfo PeFileWrittenDetectInfo",
    "file | creation | alert | unknown | FileDetectInfo",
    "file | creation | alert | success | QueueApcEtw",
    "file | creation change | event | success | AsepFileChange",
    "file | change creation | event | success | MachOFileWritten",
    "file | creation info | alert | success | SuspiciousCreateSymbolicLink",
    "malware file | creation info | alert | success | SuspiciousEseFileWritten SuspiciousPeFileWritten",
    "file malware | creation info | alert | unknown | CustomIOAFileWrittenDetectionInfoEvent",
    "registry file | creation | event | success | RegistryHiveFileWritten",
    "registry file | access creation | alert | success | SAMHashDumpFromUnsignedModule",
    """file | change | event | success | FileContentsChanged FileRenameInfo FileSetMode FileTimestampsModified
    LfoUploadDataComplete NewExecutableRenamed RansomwareRenameFile""",
    "file | change | event | unknown | FileExtendedAttrOperation ModifyServiceBinary",
    "file | change | alert | success | CriticalFileModified",
    "file | change | alert | unknown | AsepFileChangeDetectInfo QuarantinedFile SystemPartitionAltered",
    "file malware | change | alert | unknown | CodeSigningAltered MbrOverwriteRawDetectInfo",
    "file | change deletion | event | failure | FileSystemOperationBlocked",
    "file | change deletion | event | unknown | FileSystemOperationDetectInfo",
    "file | deletion | event | success | ExecutableDeleted FileDeleteInfo FileDeleted VolumeSnapshotDeleted",
    """file | deletion | event | unknown | RecoveryActionDeleteFilesComplete RecoveryActionDeleteFilesReply
    RemediationActionQuarantineFile RemediationActionQuarantineMacroFile RemediationActionQuarantineOfficeMacroFile""",
    """file | access | event | success | FileOpenInfo FsPostOpenSnapshotFile RansomwareOpenFile SuspiciousRawDiskRead
    SuspiciousRawDiskReadFromUnsignedModule""",
    "file | access | event | unknown | ClassifiedSensitiveFileAccess ExcelDocumentOpened FsPostOpen",
    "file | access | alert | success | CriticalFileAccessed RansomwareFileAccessPattern",
    "file | access | alert | unknown | PathUnexpectedlyReadable",
    "file process | access | event | unknown | FsPostOpenUpImpersonating",
    "file network | access | event | unknown | FileAccessOperationOverSMB",
    "file network | access | alert | unknown | DirectoryTraversalOverSMB",
    "file | info | event | success | MountedVolume PeVersionInfo",
    """file | info | event | unknown | FileInfo FileOfInterestBasicInfo DataEgressEnriched
    DataProtectionArchiveAssessed MacroContentInfo MacroDetectInfo ModuleCertificateInfo2
    ScriptFileContentsDetectInfo VolumeSnapshotOperationBlocked ArchiveFileContent RemediationMonitorQuarantineFile""",
    "file | info | alert | unknown | DataEgress QuarantineActionResult QuarantinedFileState UnexpectedFileFound",
    "file | info | state | unknown | SignInfo SignInfoWithCertAndContext SignInfoWithContext SigningIdentity",
    "file | info | state | failure | SignInfoError",
    "malware file | info | alert | success | OdsMaliciousFileFound ScriptControlBlocked ScriptControlDetectInfo",
    "malware file | info | state | success | ScriptControlScanInfo ScriptControlScanTelemetry",
    "malware file | info | alert | failure | ScriptControlErrorEvent",
    "file malware | info | alert | unknown | FalconHostFileTamperingInfo ScriptControlDetectInvalidInfo",
    """registry | change | event | success | AsepKeyUpdate AsepValueUpdate RegCrowdstrikeKeyUpdate
    RegCrowdstrikeValueUpdate RegGenericKeyUpdate RegGenericValueUpdate RegSystemConfigKeyUpdate
    UnclassifiedRegValueUpdate""",
    "registry host configuration | change | event | success | RegSystemConfigValueUpdate",
    """registry | change | event | unknown | RecoveryActionRegistrySetValueKeyComplete
    RecoveryActionRegistrySetValueKeyReply RegistryOperationBlocked""",
    "registry | change | alert | unknown | FalconHostRegTamperingInfo",
    "malware registry configuration | change info | alert | success | SuspiciousRegAsepUpdate",
    """registry malware | change | alert | unknown | RegKeySecurityDecreasedFromUnsignedModule
    ScheduledTaskTamperingRegistryOperation""",
    """registry | creation | event | unknown | RecoveryActionRegistryCreateKeyComplete
    RecoveryActionRegistryCreateKeyReply""",
    """registry | deletion | event | unknown | RecoveryActionRegistryDeleteKeyComplete
    RecoveryActionRegistryDeleteKeyReply RecoveryActionRegistryDeleteValueKeyComplete
    RecoveryActionRegistryDeleteValueKeyReply RemediationActionRegistryRemoval""",
    "registry | access | event | unknown | RegNtPostOpenKeyEx RegValueQueryDetectInfo",
    "registry process | access | event | unknown | RegNtPostOpenKeyExUpImpersonating",
    "registry malware | access | alert | unknown | RegCredAccessDetectInfo",
    "registry | info | alert | success | RegistryOperationDetectInfo",
    "network | start connection | event | unknown | NetworkConnectIP4 NetworkConnectIP6",
    "network | start connection | event | success | CreateSocket RawBindIP4 RawBindIP6",
    "network | start | event | success | NetworkListenIP4 NetworkListenIP6",
    "network | end connection | event | unknown | NetworkCloseIP4 NetworkCloseIP6",
    "network | end | event | unknown | RemediationActionKillIP4Connection RemediationActionKillIP6Connection",
    "network | allowed access connection | event | unknown | NetworkReceiveAcceptIP4 NetworkReceiveAcceptIP6",
    "network | connection denied | event | unknown | NetworkConnectIP4Blocked NetworkConnectIP6Blocked",
    """network | connection info | event | unknown | NetworkConnectIP4DetectInfo NetworkConnectIP6DetectInfo
    PromiscuousBindIP6""",
    "network | connection | state | success | TelemetryNetworkConnections",
    "network | protocol | event | success | DnsRequest",
    "network | protocol denied | event | unknown | DnsRequestBlocked",
    "network | protocol info | event | unknown | DnsRequestResult FtpCommand NetworkIcmpDataIP4 NetworkIcmpDataIP6",
    "network | connection protocol | event | unknown | AppProtocolDetected TlsClientHello",
    "network | start protocol | alert | success | SuspiciousDnsRequest",
    "network | connection | event | success | SmbClientNamedPipeConnectEtw",
    "network | connection | state | unknown | SmbServerV1AuditEtw",
    """network | connection start | event | success | SmbClientShareOpenedEtw SmbServerLocalNamedPipeOpenedEtw
    SmbServerShareOpenedEtw""",
    "network | connection end | event | success | SmbClientShareClosedEtw",
    "network | info | event | success | FirewallRuleIP4Matched FirewallRuleIP6Matched",
    """network | info | event | unknown | DNSRequestDetectInfo NamedPipeDetectInfo NetworkOutboundPortScanDetectInfo
    NetworkSummary""",
    "network session | connection start | event | success | HttpRequestDetect",
    "network web | access connection | event | unknown | HttpRequest HttpRequestV2Detect HttpResponse",
    "network file | connection creation | event | success | BITSJobCreated",
    """library | start | event | success | ImageHash LoadImage SharedObjectLoaded SyntheticSharedObjectLoaded
    UnsignedModuleLoad""",
    "library | start | event | | ClassifiedModuleLoad ReflectiveDotnetModuleLoad",
    "library | start | event | unknown | DotnetModuleLoadDetectInfo ModuleLoadV3DetectInfo",
    "library | start | alert | unknown | LowILModuleLoadAttempt UnexpectedDynamicLibraryLoaded",
    "library malware | start | alert | success | ReflectiveDllLoaded SuspiciousCredentialModuleLoad",
    "library network | start | alert | unknown | NetworkModuleLoadAttempt",
    "driver | start | event | success | DriverLoad KernelModeLoadImage KextLoad",
    """driver | start | event | unknown | DriverLoadedV2DetectInfo KernelModeExecImage DcUsbDeviceConnected
    DcRemovableStorageDeviceConnected""",
    "driver | end | event | success | KextUnload",
    "driver | info | event | unknown | DriverLoadBlocked",
    "driver malware | info | alert | unknown | VulnerableDriverDetectInfo",
    "driver malware | change | alert | unknown | HookedDriverObject",
    """authentication | start | event | success | UserLogon ActiveDirectoryAuthentication
    ActiveDirectoryInteractiveDomainLogon""",
    "authentication | start | event | failure | UserLogonFailed UserLogonFailed2 ActiveDirectoryAuthenticationFailure",
    "authentication | start | event | unknown | SudoCommandAttempt",
    "authentication | end | event | success | UserLogoff",
    "authentication network | start | event | success | SSHClientAuthenticated",
    "authentication iam | info user | event | success | UserIdentity",
    "malware authentication | info | alert | success | RemoteBruteForceDetectInfo",
    "authentication malware | info | alert | unknown | ZerologonExploitAttempt",
    "session | start | event | success | IoSessionConnected",
    "session | end | event | success | IoSessionLoggedOn",
    "configuration iam | creation | event | success | UserAccountCreated",
    "configuration iam | deletion | event | success | UserAccountDeleted",
    "configuration iam | change group | event | success | UserAccountAddedToGroup",
    "configuration iam | change | event | success | UserAccountRemovedFromGroup",
    "configuration iam | creation group | event | success | UserGroupCreated",
    "configuration iam | deletion group | event | success | UserGroupDeleted",
    "configuration iam | access | event | unknown | DCSyncAttempted",
    "iam | change user | event | unknown | LocalWindowsUserUpdate",
    """configuration | creation | event | success | ScheduledTaskRegistered SystemdServiceCreated SystemdTimerCreated
    OciContainerStarted""",
    """configuration | change | event | success | ScheduledTaskModified SystemdServicePropertiesChanged
    SystemdTimerPropertiesChanged FirewallDeleteRule FirewallDeleteRuleIP4 FirewallDeleteRuleIP6 FirewallSetRule
    FirewallSetRuleIP4 FirewallSetRuleIP6 NetShareSecurityModify TccModification UserFontLoad
    WfpFilterTamperingFilterAdded WfpFilterTamperingFilterDeleted WmiFilterConsumerBindingEtw
    WmiProviderRegistrationEtw""",
    """configuration | deletion | event | success | ScheduledTaskDeleted SystemdServiceDeleted SystemdTimerDeleted
    OciContainerStopped""",
    "configuration | deletion | alert | success | EventLogCleared",
    "configuration | creation | event | unknown | LoginItemAdded",
    """configuration host | change | event | success | CriticalEnvironmentVariableChanged FirewallChangeOption
    FirewallDisabled FirewallEnabled RemovableDiskModuleLoadAttempt RemovableMediaVolumeMounted""",
    """host configuration | change | event | success | RegisterRawInputDevicesEtw SetWinEventHookEtw
    SnapshotVolumeMounted NamespaceChanged""",
    """host | change | event | success | CreateService FsVolumeMounted FsVolumeUnmounted HostTimeModified
    HostnameChanged NetShareAdd NetShareDelete""",
    "host | info | event | success | HostInfo OsVersionInfo",
    "package | installation | event | success | InstalledApplication",
    "package | installation | event | unknown | MsiTransactionExecuted",
    "package | info | event | success | SensorHeartbeat",
    "threat | indicator | event | unknown | AssociateIndicator",
    "malware | info | alert | success | AssociateTreeIdWithRoot DetectAnalysis",
    """malware | info | alert | unknown | CustomIOABasicProcessDetectionInfoEvent CustomIOADomainNameDetectionInfoEvent
    CSAResultsGenericDetectInfo""",
)


@cache
def _by_name() -> dict[str, Kind]:
    found = {}
    for row in EVENTS:
        category, types, kind, outcome, names = (cell.strip() for cell in row.split("|"))
        meaning = Kind(tuple(category.split()), tuple(types.split()), kind, outcome or None)
        found.update(dict.fromkeys(names.split(), meaning))
    return found


def kind_of(name: str) -> Kind:
    """The kind of an event; one without a category for names not in the table."""
    return _by_name().get(name) or (Kind(("file",)) if name.endswith(WRITTEN) else Kind())
