"""Logging of images and resuming of runs, for the loggers of ``conf/logger``."""

from ganzoo.logger.continuation import close_logger, continue_logger, run_id
from ganzoo.logger.csv import CSVLogger
from ganzoo.logger.images import log_figures, log_image
from ganzoo.logger.mlflow import MLFlowLogger

__all__ = [
    "CSVLogger",
    "MLFlowLogger",
    "close_logger",
    "continue_logger",
    "log_figures",
    "log_image",
    "run_id",
]
