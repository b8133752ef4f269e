"""Networks of timm, whose weights are read as weights and nothing else."""

from torch import Tensor, nn

from ganzoo.error import UserError


class TimmNetwork(nn.Module):
    """A network of timm by its name: (B, 3, S, S) -> (B, d).

    Wightman 2019, https://github.com/huggingface/pytorch-image-models.

    Args:
        model_name: What ``timm.list_models()`` lists, or ``hf-hub:user/name``.
        pretrained: Whether to download its weights.
        checkpoint_path: File with weights to use in their place; empty for none.
        num_classes: Outputs of its last layer; 0 leaves the layer out, so that features come out.

    Raises:
        ImportError: If timm is not installed.
        UserError: If the name is of a folder.
    """

    def __init__(
        self,
        model_name: str = "resnet18.a1_in1k",
        pretrained: bool = True,
        checkpoint_path: str = "",
        num_classes: int = 0,
    ) -> None:
        import timm  # noqa: PLC0415

        super().__init__()
        if model_name.startswith("local-dir:"):  # whose files may be pickles
            raise UserError(f"{model_name} is a folder: type checkpoint_path=… for its weights.")
        self.network = timm.create_model(model_name, pretrained=pretrained, num_classes=num_classes)
        if checkpoint_path:
            timm.models.load_checkpoint(self.network, checkpoint_path, weights_only=True)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.network(images)
        return features
