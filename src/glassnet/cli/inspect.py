"""`glassnet inspect`: what a model file holds, and what there is to compute with."""

import json
from typing import Annotated, Any

import typer

import glassnet as gn
from glassnet.cli.printing import show_table


def inspect(
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="A model file.")] = None,
    engines: Annotated[
        bool, typer.Option("--engines", help="Show what there is to compute with instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, history and all.")] = False,
) -> None:
    """Show what a model holds: layers, meanings, how it was made; or which engines there are.

    glassnet inspect digits.safetensors
    glassnet inspect digits.safetensors --json
    glassnet inspect --engines
    """
    if (model is None) != engines:
        raise gn.SettingError("Give a model file or --engines, one of them.")
    if model is not None:
        _show_model(model, as_json)
    else:
        _show_engines(as_json)


def _show_model(model: str, as_json: bool) -> None:
    from dataclasses import asdict

    from glassnet.cli.format import as_one_line, meaning, show_entry
    from glassnet.nn.summary import summarize, summary_table

    seen = gn.load(model)
    if as_json:
        document = {
            "nodes": [asdict(node) for node in summarize(seen.network)],
            "dtype": seen.network.dtype.name,
            "inputs": seen.inputs.to_json(),
            "outputs": seen.outputs.to_json(),
            "experience": None if seen.experience is None else seen.experience.to_file()[0],
            "provenance": seen.provenance,
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return
    show_table(*summary_table(seen.network))
    print()
    show_entry("inputs", meaning(seen.inputs))
    show_entry("outputs", meaning(seen.outputs))
    show_entry("dtype", seen.network.dtype.name)
    show_entry("not sure", _limits(seen.experience))
    for name, entry in seen.provenance.items():
        show_entry(name, f"{len(entry)} epochs" if name == "history" else as_one_line(entry))


def _limits(experience: "gn.Experience | None") -> str:
    """Say where a model is no longer sure of its answers."""
    if experience is None:
        return "it does not know what it learnt from, and cannot say"
    told = [f"unlikeness above {experience.most_unlike:.3g}"]
    if experience.most_outside:
        told.append(f"an input over {experience.most_outside:.3g} σ outside its range")
    if experience.least_probability:
        told.append(f"a probability below {100 * experience.least_probability:.1f} %")
    return ", ".join(told)


def _show_engines(as_json: bool) -> None:
    from dataclasses import asdict

    from glassnet.cli.format import show_entry
    from glassnet.engines import library
    from glassnet.model.provenance import machine

    native, here = library.report(), machine()
    if as_json:
        document = {
            "numpy": {"version": here["numpy"], "blas": here["blas"]},
            "native": asdict(native),
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return
    others = ", ".join(name for name in native.built if name != native.used)
    parts = [native.used, native.compiler, others and f"also installed: {others}"]
    rows = [
        ["numpy", "yes", ", ".join([f"NumPy {here['numpy']}", *map(_library, here["blas"])])],
        ["native", "yes" if native.used else "no", ", ".join(filter(None, parts))],
    ]
    show_table(["engine", "usable", "computes with"], rows, texts=3)
    if native.why:
        print()
        show_entry("native", native.why)


def _library(blas: dict[str, Any]) -> str:
    """Say which linear algebra NumPy calls, and with how many threads."""
    name = " ".join(str(blas[key]) for key in ("internal_api", "version") if blas[key])
    core = f" for {blas['architecture']}" if blas["architecture"] else ""
    return f"{name}{core}, threads: {blas['num_threads']}"
