from ..base import App


class Production(App):
    workload = App.workload.override(replicas=3)
