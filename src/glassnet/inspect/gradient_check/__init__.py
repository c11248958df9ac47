"""Is a training set-up sound? Its gradients, whether it can learn at all, what does not move."""

from glassnet.inspect.gradient_check.check import check_gradients as check_gradients
from glassnet.inspect.gradient_check.moving import Movement as Movement
from glassnet.inspect.gradient_check.moving import all_parameters_move as all_parameters_move
from glassnet.inspect.gradient_check.overfit import Overfit as Overfit
from glassnet.inspect.gradient_check.overfit import can_overfit as can_overfit
from glassnet.inspect.gradient_check.report import Checked as Checked
from glassnet.inspect.gradient_check.report import GradientReport as GradientReport
