"""Serves a page of this machine that draws from trained models, and follows runs that train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.error import UserError
from ganzoo.inference.guard import Guard, check_address
from ganzoo.inference.page import THEME, build_page
from ganzoo.settings.trust import Modules

if TYPE_CHECKING:
    import gradio as gr

MOST_WAITING = 20  # requests for pictures; others are told that the page is busy


def explore_models(
    models: Sequence[str | Path], host: str = "127.0.0.1", port: int = 7860, trust: Modules = None
) -> None:
    """Serve the page until it is interrupted. No request leaves the machine.

    Args:
        models: What ``ganzoo.load`` takes, shown side by side. A run's folder also shows its
            curves, even before it has a checkpoint.
        host: The address to listen on; any other than the default lets other machines in.
        port: The port to listen on.
        trust: Modules of the user whose classes may be built.

    Raises:
        UserError: If a model cannot be loaded, or the address cannot be listened on.
    """
    serve_page(build_page(models, trust), host, port)


def serve_page(page: gr.Blocks, host: str, port: int, **options: Any) -> str:
    """Start to serve a page, and return its address.

    Raises:
        UserError: If the address cannot be listened on.
    """
    from starlette.middleware import Middleware  # noqa: PLC0415 - it comes with gradio

    check_address(host, port)
    page.queue(max_size=MOST_WAITING, api_open=False)
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            ssr_mode=False,
            theme=THEME,
            app_kwargs={"middleware": [Middleware(Guard, page=page, host=host)]},
            **options,
        )
    except OSError as error:
        raise UserError(f"port {port} of {host} is in use: type --port {port + 1}.") from error
    return str(address)
