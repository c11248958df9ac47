"""Looking at networks and at what they answer: as text, as pictures; one file each."""

from glassnet.inspect import plots as plots
from glassnet.inspect import runs as runs
from glassnet.inspect.doctor import Diagnosis as Diagnosis
from glassnet.inspect.doctor import Doctor as Doctor
from glassnet.inspect.doctor import Finding as Finding
from glassnet.inspect.doctor import diagnose as diagnose
from glassnet.inspect.explain import Explanation as Explanation
from glassnet.inspect.explain import Why as Why
from glassnet.inspect.explain import explain as explain
from glassnet.inspect.explain import why as why
from glassnet.inspect.gradient_check import Checked as Checked
from glassnet.inspect.gradient_check import GradientReport as GradientReport
from glassnet.inspect.gradient_check import Movement as Movement
from glassnet.inspect.gradient_check import Overfit as Overfit
from glassnet.inspect.gradient_check import all_parameters_move as all_parameters_move
from glassnet.inspect.gradient_check import can_overfit as can_overfit
from glassnet.inspect.gradient_check import check_gradients as check_gradients
from glassnet.inspect.mistakes import Mistakes as Mistakes
from glassnet.inspect.mistakes import find_mistakes as find_mistakes
from glassnet.inspect.monitor import Visit as Visit
from glassnet.inspect.monitor import monitor as monitor
from glassnet.inspect.monitor import watched as watched
from glassnet.inspect.numerical_gradient import numerical_gradient as numerical_gradient
from glassnet.inspect.summary import summary as summary
from glassnet.inspect.text import image_text as image_text
