"""`glassnet inspect`: what a model file holds."""

import json
from typing import Annotated

import typer

import glassnet as gn
from glassnet.cli.arguments import ModelFile
from glassnet.cli.show import show_table


def inspect(
    model: ModelFile,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, history and all.")] = False,
) -> None:
    """Show what a model holds: layers, meanings, how it was made.

    glassnet inspect digits.safetensors
    glassnet inspect digits.safetensors --json
    """
    from dataclasses import asdict

    from glassnet.cli.words import meaning, show_entry, words
    from glassnet.inspect.summary import summarize, summary_table

    seen = gn.load(model)
    if as_json:
        document = {
            "nodes": [asdict(node) for node in summarize(seen.network)],
            "dtype": seen.network.dtype.name,
            "inputs": seen.inputs.to_json(),
            "outputs": seen.outputs.to_json(),
            "provenance": seen.provenance,
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return
    show_table(*summary_table(seen.network))
    print()
    show_entry("inputs", meaning(seen.inputs))
    show_entry("outputs", meaning(seen.outputs))
    show_entry("dtype", seen.network.dtype.name)
    for name, entry in seen.provenance.items():
        show_entry(name, f"{len(entry)} epochs" if name == "history" else words(entry))
