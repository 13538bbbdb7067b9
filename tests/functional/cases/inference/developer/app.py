from kusion_dsl import AppConfiguration
from kusion_inference import Inference
from kusion_service import Container, Service


class Agent(AppConfiguration):
    inference = Inference(
        model="qwen2.5:7b",
        system="Answer in one sentence.",
        template="{{ .Prompt }}",
        top_k=20,
        top_p=0.8,
        temperature=0.2,
        num_predict=256,
        num_ctx=4096,
    )
    workload = Service(containers={"agent": Container(image="agent:1", env={"MODEL_URL": inference.url})})
