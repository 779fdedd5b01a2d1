"""The layers as CloudFormation resources, from the folders that layers/build.py leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import AssetHashType, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.function_spec import LAYER_OF
from layers.build import BuiltLayer, check_size
from layers.catalogue import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.function_spec import FunctionSpec


class Layers(Construct):
    """One layer version per layer that a function uses."""

    def __init__(self, scope: Construct, built: Mapping[Layer, BuiltLayer]) -> None:
        super().__init__(scope, "Layers")
        self._built = built
        self._versions: dict[Layer, lambda_.LayerVersion] = {}

    def of(self, spec: FunctionSpec) -> list[lambda_.LayerVersion]:
        """The layers of a function, refused where Lambda would refuse their number or size."""
        adapters = [LAYER_OF[technology] for technology in spec.technologies if technology in LAYER_OF]
        names = [Layer.CORE, *adapters, Layer.METERHOUSE]
        check_size([self._built[name] for name in names], spec.name)
        return [self._version(name) for name in names]

    def _version(self, name: Layer) -> lambda_.LayerVersion:
        if name not in self._versions:
            built = self._built[name]
            self._versions[name] = lambda_.LayerVersion(
                self,
                name.capitalize(),
                description=f"Meterhouse: {name}",
                code=lambda_.Code.from_asset(
                    str(built.path), asset_hash=built.content_hash, asset_hash_type=AssetHashType.CUSTOM
                ),
                compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
                compatible_architectures=[lambda_.Architecture.ARM_64],
                removal_policy=RemovalPolicy.DESTROY,
            )
        return self._versions[name]
