"""The Windows Installer service: the `msiexec.exe /V` that services.exe starts and that does the installing."""

from besra.demo.activity import ProcessStart
from besra.demo.process import Process
from besra.demo.program import PROGRAMS, Program
from besra.demo.scene import Scene

SERVICE_COMMAND_LINE = r"C:\Windows\system32\msiexec.exe /V"


def start_installer_service(scene: Scene, seconds: float) -> ProcessStart:
    """The service starts, as SYSTEM under services.exe."""
    return scene.start(seconds, scene.running["services"], PROGRAMS["msiexec"], SERVICE_COMMAND_LINE)


def run_from_installer(
    scene: Scene, seconds: float, program: Program, arguments: str = "", service: Process | None = None
) -> tuple[ProcessStart, ProcessStart]:
    """The service (started half a second before, unless given) and the program it runs at that time."""
    parent = ProcessStart(service.started, service) if service else start_installer_service(scene, seconds - 0.5)
    path = f'"{program.executable}"' if " " in program.executable else program.executable
    return parent, scene.start(seconds, parent.process, program, f"{path} {arguments}".rstrip())
