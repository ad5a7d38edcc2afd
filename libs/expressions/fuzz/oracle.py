"""The oracle of the fuzz: the real jq (PyPI's `jq`), a JSON line for each case."""

import json
import resource
import signal
import sys

import jq

# An answer beyond it counts as none: it can come to gigabytes.
MOST_CHARACTERS = 10_000_000


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


# A program that takes too much ends this process; the fuzz starts another.
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))

for line in sys.stdin:
    signal.alarm(20)
    text = json.dumps(answer(json.loads(line)))
    if len(text) > MOST_CHARACTERS:
        sys.exit(1)
    print(text, flush=True)
