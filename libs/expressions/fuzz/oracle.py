"""The oracle of the fuzz: the real jq (PyPI's `jq`), a JSON line for each case."""

import json
import sys

import jq


def answer(case):
    try:
        program = jq.compile(case["program"])
    except ValueError as error:
        return {"compiles": False, "message": str(error)}
    outputs = []
    try:
        for output in program.input_text(json.dumps(case["input"])):
            outputs.append(output)
    except ValueError as error:
        return {"compiles": True, "outputs": outputs, "error": str(error)}
    return {"compiles": True, "outputs": outputs}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
