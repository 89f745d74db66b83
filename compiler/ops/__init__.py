"""The ops: importing this package registers them all."""

from . import registry as registry
