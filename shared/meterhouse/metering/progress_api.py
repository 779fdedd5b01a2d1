"""Progress of running queries over HTTP."""

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import Field

from meterhouse.metering.progress import FollowProgress
from meterhouse.metering.progress import Progress as QueryProgress
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant, Wire


class Progress(Wire):
    success: int = Field(ge=0)
    failed: int = Field(ge=0)
    total: int = Field(ge=0)
    updated_at: Instant


def progress_routes(follow: FollowProgress) -> Router:
    router = Router()

    @router.get("/api/v1/info/progress/<id>", operation_id="getProgress", tags=["Lookup"], summary="Get progress")
    def get(id: str) -> Progress:  # noqa: A002 - the contract's name of the parameter
        return _wire(follow(namespace_of(router.current_event.raw_event), id))

    return router


def _wire(progress: QueryProgress) -> Progress:
    return Progress(
        success=progress.success, failed=progress.failed, total=progress.total, updated_at=progress.updated_at
    )
