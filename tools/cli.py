"""The `weft` command.

Each subcommand is a module of this package with `HELP`, `configure(parser)` and `execute(arguments) -> exit status`.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from ..proto.errors import InternalError, Loc, WeftError, fail
from ..proto.version import weft_version
from .console import print_error

DONE, FAULT, USAGE, BUG = 0, 1, 2, 3

COMMANDS = {
    "check": "check_command",
    "compile": "compile_command",
    "run": "run_command",
    "dump": "dump_command",
    "explain": "explain_command",
    "export": "export_command",
    "bench": "bench_command",
}

_DESCRIPTION = """\
Compile saved dataflow graphs, run them, look inside them.

  weft check model.onnx                       is it supported, and if not, why
  weft compile model.onnx -o model.weftx      compile for this machine
  weft run model.weftx --input x=x.npy        run a compiled program
  weft run model.onnx --random 0              compile and run on random input
  weft dump model.onnx --stage fuse           the graph after a pass
  weft explain model.onnx --fusion            the kernels, and why they are not fewer
  weft export model.weft -o model.onnx        the graph for other tools

A graph is .onnx, .weft or .mlir (StableHLO's text); a compiled program is .weftx."""

_EPILOG = """\
exit status: 0 done; 1 the model or the input is at fault; 2 wrong usage; 3 a bug in weft.
`weft COMMAND --help` has the details and examples of each command."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="weft", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"weft {weft_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, module_name in COMMANDS.items():
        module = import_module(f".{module_name}", __package__)
        sub = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(sub)
        sub.set_defaults(execute=module.execute)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return USAGE
    try:
        return arguments.execute(arguments)
    except WeftError as error:
        print_error(error)
        return USAGE if error.code.startswith("usage.") else FAULT
    except BrokenPipeError:
        # The reader of our output (head, less) has gone.
        sys.stderr.close()
        return DONE
    except OSError as error:
        # A file that cannot be read or written, a full disk: never a bug of ours.
        print_error(fail("file.os", error.strerror or str(error), loc=Loc(str(error.filename or ""))))
        return FAULT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except InternalError as error:
        _report_bug(str(error), argv)
        return BUG
    except Exception:  # noqa: BLE001 - the last line of defence: whatever arrives here is a bug of ours
        _report_bug(traceback.format_exc(), argv)
        return BUG


def _report_bug(what: str, argv: Sequence[str] | None) -> None:
    command = " ".join(sys.argv[1:] if argv is None else argv)
    print(
        f"{what.rstrip()}\n\nThis is a bug in weft {weft_version()}. To reproduce it: weft {command}\n"
        "Please report it with the text above and the model, if you can share it.",
        file=sys.stderr,
    )
