"""Gradients: measured by nudging, backward held to them; whether training can work at all."""

from glassnet.gradients.gradient_check import Checked as Checked
from glassnet.gradients.gradient_check import GradientReport as GradientReport
from glassnet.gradients.gradient_check import check_gradients as check_gradients
from glassnet.gradients.moving import Movement as Movement
from glassnet.gradients.moving import all_parameters_move as all_parameters_move
from glassnet.gradients.numerical_gradient import numerical_gradient as numerical_gradient
from glassnet.gradients.overfit import Overfit as Overfit
from glassnet.gradients.overfit import can_overfit as can_overfit
