"""The doctor: what is wrong with a network, its data or its training, with evidence and advice."""

from glassnet.doctor.callback import Doctor as Doctor
from glassnet.doctor.diagnose import diagnose as diagnose
from glassnet.doctor.finding import Diagnosis as Diagnosis
from glassnet.doctor.finding import Finding as Finding
