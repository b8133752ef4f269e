import os

from pytorch_lightning import loggers


class MLFlowLogger(loggers.MLFlowLogger):
    """Lightning's, whose server is not written into the run's files unless it was typed.

    Args:
        experiment_name: The experiment that the runs belong to.
        tracking_uri: The server or the store. None stands for ``$MLFLOW_TRACKING_URI``, which may
            hold a password, else for ``mlflow.db`` in the working folder.
    """

    def __init__(self, experiment_name: str = "ganzoo", tracking_uri: str | None = None) -> None:
        store = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
        super().__init__(experiment_name, tracking_uri=store)
