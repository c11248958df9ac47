"""The doctor: what is wrong with a network, its data or its training, with evidence and advice."""

from glassnet.inspect.doctor.callback import Doctor as Doctor
from glassnet.inspect.doctor.diagnose import diagnose as diagnose
from glassnet.inspect.doctor.finding import Diagnosis as Diagnosis
from glassnet.inspect.doctor.finding import Finding as Finding
