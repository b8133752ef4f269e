from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganzoo.schedule import Number


def moving_average(module: nn.Module, decay: Number) -> AveragedModel:
    """A frozen copy whose weights are an exponential moving average of the module's.

    Yazici et al. 2019, https://arxiv.org/abs/1806.04498

    Args:
        module: Whose weights are averaged at every ``update_parameters``.
        decay: Share of the average that each update keeps, in [0, 1).
    """

    def follow(*state: object) -> None:
        get_ema_multi_avg_fn(float(decay))(*state)  # type: ignore[no-untyped-call]

    return AveragedModel(module, multi_avg_fn=follow).requires_grad_(False)
