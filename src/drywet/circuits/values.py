"""Numbers and expressions as SPICE writes them: ``4.7k``, ``{33k + drive*1Meg}``."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

from drywet.errors import DrywetError

_MOST_CHARACTERS = 500
_MOST_DEPTH = 40

_SCALES = {
    "t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "mil": 25.4e-6, "m": 1e-3,
    "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15,
}  # fmt: skip
# A unit may follow; anything else (4k7, 2drive) is no number.
_NUMBER = re.compile(
    r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(meg|mil|[tgkmuµμnpf])?"
    r"(?:ohms?|ω|farads?|f|volts?|v|amps?|a|s|hz)?(?![\w.])"
)
_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Pow: math.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp, "log": math.log, "ln": math.log, "sqrt": math.sqrt,
    "min": min, "max": max, "pow": math.pow, "abs": abs,
}  # fmt: skip


def evaluate(text: str, parameters: Mapping[str, float], where: str) -> float:
    """The value of a number or of an expression, with or without braces.

    Args:
        text: in SPICE's syntax; a unit after a number's suffix is ignored (``10kohm``).
        parameters: values of the names that may occur.
        where: what it belongs to, for the error's sake.

    Raises:
        DrywetError: it cannot be understood, has an unknown name or no finite value.
    """
    inner = text.strip().lower().replace("^", "**")
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    expected = "a number such as 4.7k, or {an expression} of parameters"
    if len(inner) > _MOST_CHARACTERS:
        raise DrywetError(
            f"{where}: an expression of {len(inner)} characters",
            f"at most {_MOST_CHARACTERS}",
            "Use .param for parts of it.",
        )
    try:
        plain = _NUMBER.sub(_scaled, inner)
        value = _value(ast.parse(plain.strip(), mode="eval").body, parameters, 0)
        if not math.isfinite(value):
            raise ValueError
    except KeyError as error:
        raise DrywetError(
            f"{where}: '{text.strip()}' names {error.args[0]}",
            f"one of {', '.join(parameters) or 'no parameters at all'}",
            "Declare it with .param.",
        ) from None
    except (SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError, MemoryError):
        raise DrywetError(
            f"{where}: '{text.strip()[:60]}'", expected, "Correct the netlist."
        ) from None
    return value


def _scaled(number: re.Match[str]) -> str:
    value = float(number[1]) * _SCALES.get(number[2] or "", 1.0)
    if not math.isfinite(value):
        raise ValueError
    return repr(value)


def _value(node: ast.AST, parameters: Mapping[str, float], depth: int) -> float:
    if depth > _MOST_DEPTH:
        raise ValueError
    match node:
        case ast.Constant(value=float() as value):
            return value
        case ast.Name(id=name):
            return parameters[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand, parameters, depth + 1))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](
                _value(left, parameters, depth + 1), _value(right, parameters, depth + 1)
            )
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return float(_FUNCTIONS[name](*(_value(a, parameters, depth + 1) for a in args)))
        case _:
            raise ValueError
