"""The ops: importing this package registers them all."""

from . import bitwise as bitwise
from . import blocked as blocked
from . import call as call
from . import compare as compare
from . import constant as constant
from . import contraction as contraction
from . import control as control
from . import convert as convert
from . import convolution as convolution
from . import dynamic as dynamic
from . import elementwise as elementwise
from . import functions as functions
from . import gather_scatter as gather_scatter
from . import helpers as helpers
from . import indexing as indexing
from . import reduction as reduction
from . import registry as registry
from . import rng as rng
from . import shape as shape
from . import sort as sort
from . import structure as structure
from . import window as window
from . import winograd as winograd
