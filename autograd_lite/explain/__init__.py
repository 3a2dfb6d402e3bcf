"""Why a gradient is what it is: the ledger of a node, the paths, the steps of a sweep, kinks, where a nan was born.

Everything here reads a recorded graph and changes nothing in it, `.grad` included.
"""

from .diagnosis import Diagnosis, diagnose
from .kinks import Kink, Kinks, Side, kinks
from .ledger import Explanation, Line, Section, explain
from .numerical import Estimate, Quotient, numerical_gradients
from .paths import Path
from .steps import Step, Steps, Term, steps

__all__ = [
    "Diagnosis",
    "Estimate",
    "Explanation",
    "Kink",
    "Kinks",
    "Line",
    "Path",
    "Quotient",
    "Section",
    "Side",
    "Step",
    "Steps",
    "Term",
    "diagnose",
    "explain",
    "kinks",
    "numerical_gradients",
    "steps",
]
