"""Why a gradient is what it is: the ledger of a node, the paths, the steps of a sweep, kinks, where a nan was born.

Everything here reads a recorded graph and changes nothing in it, `.grad` included.
"""

from .ledger import Explanation, Line, Section, explain
from .paths import Path

__all__ = ["Explanation", "Line", "Path", "Section", "explain"]
