"""The CDK app: `cdk synth` for AWS, `cdk deploy -c target=local …` for the local stack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.application import ApplicationStack
from infra.data_plane_aws import DataPlaneStack
from infra.firewall import FirewallStack
from infra.flags import ContextError
from infra.function import FunctionFolderMissingError
from infra.operations import OperationsStack
from infra.pages import PackagesMissingError, PagesStack
from infra.routes import RoutesStack
from infra.settings import ExternalStores, read_settings
from layers.build import LayersTooLargeError, build
from layers.catalogue import Target
from layers.requirements import UvMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping


def build_app(
    context: Mapping[str, object] | None = None, outdir: str | None = None, *, is_checked: bool = True
) -> App:
    """The app for the given context, or for the one the CDK CLI passes; checked by cdk-nag when it is synthesised.

    Raises:
        ContextError: flags that are unknown, missing or out of range.
    """
    app = App(context=dict(context or {}), outdir=outdir)
    settings = read_settings(app.node.get_all_context())
    layers = build(Target(settings.target))
    if isinstance(settings.stores, ExternalStores):
        application = ApplicationStack(app, settings=settings.application, plane=settings.stores, layers=layers)
        RoutesStack(app, application, by_alias=False)
        return app
    data = DataPlaneStack(app, settings.stores)
    application = ApplicationStack(app, settings=settings.application, plane=data.plane, layers=layers)
    RoutesStack(app, application, by_alias=True)
    if settings.pages.has_firewall:
        FirewallStack(app)
    PagesStack(app, application, settings.pages)
    OperationsStack(app, data=data, application=application, stores=settings.stores, settings=settings.operations)
    if is_checked:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


def main() -> None:
    """Synthesise into the folder the CDK CLI names."""
    try:
        app = build_app()
    except (
        ContextError,
        FunctionFolderMissingError,
        LayersTooLargeError,
        PackagesMissingError,
        UvMissingError,
    ) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
