from kusion_dsl import AppConfiguration
from kusion_inference import Inference
from kusion_service import Container, Service


class Agent(AppConfiguration):
    """The platform decides everything about the model, whatever the developer wishes."""

    inference = Inference(model="qwen2.5:7b", temperature=1.5)
    workload = Service(containers={"agent": Container(image="agent:1")})
