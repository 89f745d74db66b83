"""Target levels."""

import pytest
from weft.compiler.codegen.target import LEVELS, Target, machine_flags, supported
from weft.proto.errors import WeftError


def test_levels_are_named_feature_sets() -> None:
    assert list(LEVELS) == ["x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-bf16-vnni", "aarch64"]
    assert set(LEVELS["x86-64-v3"].cpuinfo) > set(LEVELS["x86-64-v2"].cpuinfo)
    assert LEVELS["x86-64-v4"].lanes(4) == 16


def test_native_is_the_best_level_of_this_machine() -> None:
    host = Target.parse("native")
    assert host == Target.host() and supported(host)
    assert set(host.cpuinfo) <= machine_flags()
    better = list(LEVELS)[list(LEVELS).index(host.name) + 1 :]
    assert not any(supported(LEVELS[name]) for name in better)


def test_unknown_name_lists_the_choices() -> None:
    with pytest.raises(WeftError, match=r"x86-64-v9.*\n.*native, x86-64-v2, x86-64-v3") as caught:
        Target.parse("x86-64-v9")
    assert caught.value.code == "target.unknown"
