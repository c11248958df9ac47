"""check_gradients(): what backward gives, compared with what nudging measures."""

from glassnet.gradients.gradient_check.check import check_gradients as check_gradients
from glassnet.gradients.gradient_check.report import Checked as Checked
from glassnet.gradients.gradient_check.report import GradientReport as GradientReport
