"""The process that `isolation` starts: compiles `module.weft` of a folder into `program.weftx`, and prints what went wrong as JSON."""

import json
import os
import pickle
import resource
import sys
import traceback

from ..proto.errors import InternalError, WeftError
from ..proto.limits import NONE
from . import serde
from .driver import compile
from .isolation import Request, to_json


def main(folder: str) -> None:
    """Compile and exit: 0 if there is a program, 1 with a line of JSON on standard output."""
    with open(os.path.join(folder, "request"), "rb") as file:
        request: Request = pickle.load(file)  # written by the process that started this one
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (request.memory, request.memory))
    try:
        module = serde.load(os.path.join(folder, "module.weft"), limits=NONE)
        options = {"fold": request.fold, "limits": request.limits, "devices": request.devices}
        program = compile(module, request.target, request.precision, request.shapes, **options)  # type: ignore[arg-type]
        program.save(os.path.join(folder, "program.weftx"))
    except WeftError as error:
        said: dict[str, object] = {"problems": [to_json(d) for d in error.diagnostics]}
    except MemoryError:
        said = {"memory": True}
    except InternalError as error:
        said = {"bug": str(error)}
    except Exception:  # noqa: BLE001 - the other process must learn of it
        said = {"bug": traceback.format_exc()}
    else:
        return
    print(json.dumps(said))
    sys.exit(1)
