"""What `make demo` runs, with this installation."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_demo() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(["bash", str(EXAMPLES / "demo.sh")], env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "The compiled model predicts what the saved one did." in ran.stdout
    assert len(ran.stdout.splitlines()) < 60
