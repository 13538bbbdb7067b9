"""How Ollama is started with a model of one's own making.

Sources: https://github.com/ollama/ollama/blob/main/docs/modelfile.md; the shell is the image's ``/bin/sh``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kusion_inference.schema import Inference

IMAGE = "ollama/ollama"
PORT = 11434
MODELS = "/root/.ollama"
"""Where the server keeps models."""


def command(inference: Inference) -> list[str]:
    """The command of the server's container: it serves, and then makes the model out of a Modelfile.

    Every text of the author's is one word to the shell, whatever is in it, and reaches the file as it is.
    """
    modelfile = "".join(f"{line}\n" for line in _modelfile(inference))
    # the shell's echo takes a backslash for more than a character; printf's %s does not
    write = "printf '%s\\n'" if "\\" in modelfile else "echo"
    model = _word(inference.model)
    script = (
        f"{write} {_word(modelfile)} > Modelfile && ollama serve & OLLAMA_SERVE_PID=$! && sleep 5 && "
        f"ollama create {model} -f Modelfile && wait $OLLAMA_SERVE_PID"
    )
    return ["/bin/sh", "-c", script]


def _word(text: str) -> str:
    """``text`` as one word of the shell, in which Kubernetes finds no ``$(VARIABLE)``: it reads ``$$`` as ``$``.

    Source: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/.
    """
    return shlex.quote(text).replace("$", "$$")


def _modelfile(inference: Inference) -> Iterator[str]:
    yield f"FROM {inference.model}"
    for instruction, text in (("SYSTEM", inference.system), ("TEMPLATE", inference.template)):
        if text:
            yield f'{instruction} """{text}"""'
    yield f"PARAMETER top_k {inference.top_k}"
    yield f"PARAMETER top_p {inference.top_p:f}"
    yield f"PARAMETER temperature {inference.temperature:f}"
    yield f"PARAMETER num_predict {inference.num_predict}"
    yield f"PARAMETER num_ctx {inference.num_ctx}"
