"""What is installed, active and missing on this machine and in one home. Reads; changes nothing."""

from planes.host.doctor.findings import Finding, State
from planes.host.doctor.installation import examine_installation
from planes.host.doctor.machine import examine_machine

__all__ = ["Finding", "State", "examine_installation", "examine_machine"]
