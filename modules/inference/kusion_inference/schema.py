"""What developers and the platform say about a large language model."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from kusion_dsl.module import Accessory, PlatformConfig, output, platform_overrides

_MODEL = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._:/]*")
_QUOTES = '"""'


def _model(text: str) -> str:
    if not _MODEL.fullmatch(text):
        raise ValueError(f"'{text}' is no name of a model, like llama3 or qwen2.5:7b")
    return text


def _text(text: str) -> str:
    if _QUOTES in text:
        raise ValueError(f"{_QUOTES} would end the text in Ollama's Modelfile: leave it out")
    return text


Text = Annotated[str, AfterValidator(_text)]
"""A text in a Modelfile."""


class Inference(Accessory):
    """A large language model that the application can ask."""

    model: Annotated[str, AfterValidator(_model), platform_overrides]
    """The model, by its name in Ollama's library: ``llama3``, ``qwen2.5:7b``."""
    framework: Annotated[Literal["Ollama"], platform_overrides] = "Ollama"
    """Without effect, since only Ollama serves models; taken because the ancestor's applications and workspaces say it."""
    system: Annotated[Text, platform_overrides] = ""
    """What the model is told before everything else."""
    template: Annotated[Text, platform_overrides] = ""
    """How a question is put before the model, in Ollama's template language; the model's own where none is given."""
    top_k: Annotated[int, Field(gt=0), platform_overrides] = 40
    """Among how many of the likeliest next tokens it chooses: fewer are more conservative."""
    top_p: Annotated[float, Field(gt=0, le=1), platform_overrides] = 0.9
    """It chooses among the likeliest tokens that have this probability together: more than 0, at most 1."""
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False), platform_overrides] = 0.8
    """How freely it chooses: more than 0, higher is more creative."""
    num_predict: Annotated[int, Field(ge=-2), platform_overrides] = 128
    """The greatest number of tokens in an answer; -1 is without an end, -2 as many as the context holds."""
    num_ctx: Annotated[int, Field(gt=0), platform_overrides] = 2048
    """How many tokens the model looks back on."""

    host: ClassVar[output] = output("Host name of the service that answers questions, at port 80.")
    url: ClassVar[output] = output("URL of that service.")


class InferencePlatform(PlatformConfig):
    """The platform may set every field of the developer's, by its name there, and wins."""

    model_config = ConfigDict(alias_generator=None)
