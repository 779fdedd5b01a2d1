"""Apps over HTTP: the marketplace and what is installed; customers and callbacks in files of their own."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from meterhouse.billing.app_listing import LISTINGS
from meterhouse.billing.app_schema import AppWire, ListingWire, app_to_wire, listing_to_wire
from meterhouse.billing.installed_app import AppType
from meterhouse.billing.ports import PageOf
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.payments.apps import AppService
from meterhouse.payments.custom_callbacks import CustomCallbacks
from meterhouse.payments.custom_invoicing_api import custom_invoicing_routes
from meterhouse.payments.customer_app_api import customer_app_routes
from meterhouse.payments.customer_apps import CustomerAppService
from meterhouse.payments.install_app import InstallApp
from meterhouse.payments.schema import (
    ApiKeyInstallRequest,
    AppUpdate,
    InstallRequest,
    InstallResponse,
    change_from_wire,
    installed_to_wire,
    wish_from_wire,
)
from meterhouse.payments.stripe_sessions import StripeSessions
from meterhouse.payments.stripe_sessions_api import stripe_session_routes
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize

_LISTINGS = "/api/v1/marketplace/listings"
_LISTING = "/api/v1/marketplace/listings/<type>"
_APPS = "/api/v1/apps"
_APP = "/api/v1/apps/<id>"
_TAGS = ["Apps"]
_Type = Annotated[AppType, Path()]


def routes(
    apps: AppService,
    install: InstallApp,
    customers: CustomerAppService,
    callbacks: CustomCallbacks,
    sessions: StripeSessions,
) -> tuple[Router, ...]:
    return (
        app_routes(apps),
        marketplace_routes(install),
        customer_app_routes(customers),
        custom_invoicing_routes(callbacks),
        stripe_session_routes(sessions, apps),
    )


def app_routes(service: AppService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_APPS, operation_id="listApps", tags=_TAGS, summary="List installed apps")
    def page(
        page: Annotated[PageNumber, Query()] = 1, page_size: Annotated[PageSize, Query(alias="pageSize")] = 100
    ) -> Page[AppWire]:
        found, total = service.page(namespace(), PageOf(page, page_size))
        return Page(total_count=total, page=page, page_size=page_size, items=[app_to_wire(app) for app in found])

    @router.get(_APP, operation_id="getApp", tags=_TAGS, summary="Get app")
    def get(id: str) -> AppWire:  # noqa: A002 - the contract's name of the parameter
        return app_to_wire(service.get(namespace(), id))

    @router.put(_APP, operation_id="updateApp", tags=_TAGS, summary="Update app")
    def replace(id: str, body: Annotated[AppUpdate, Body()]) -> AppWire:  # noqa: A002 - as above
        return app_to_wire(service.replace(namespace(), id, change_from_wire(body)))

    @router.delete(_APP, operation_id="uninstallApp", tags=_TAGS, summary="Uninstall app")
    def uninstall(id: str) -> Response[None]:  # noqa: A002 - as above
        service.uninstall(namespace(), id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def marketplace_routes(install: InstallApp) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_LISTINGS, operation_id="listMarketplaceListings", tags=_TAGS, summary="List apps to install")
    def page(
        page: Annotated[PageNumber, Query()] = 1, page_size: Annotated[PageSize, Query(alias="pageSize")] = 100
    ) -> Page[ListingWire]:
        listed = [listing_to_wire(listing) for listing in LISTINGS.values()]
        start = (page - 1) * page_size
        return Page(total_count=len(listed), page=page, page_size=page_size, items=listed[start : start + page_size])

    @router.get(_LISTING, operation_id="getMarketplaceListing", tags=_TAGS, summary="Get an app to install")
    def get(type: _Type) -> ListingWire:  # noqa: A002 - the contract's name of the parameter
        return listing_to_wire(LISTINGS[type])

    @router.post(f"{_LISTING}/install", operation_id="marketplaceAppInstall", tags=_TAGS, summary="Install app")
    def without(type: _Type, body: Annotated[InstallRequest, Body()]) -> InstallResponse:  # noqa: A002 - as above
        return installed_to_wire(install.without_credentials(namespace(), type, wish_from_wire(body)))

    @router.post(
        f"{_LISTING}/install/apikey",
        operation_id="marketplaceAppAPIKeyInstall",
        tags=_TAGS,
        summary="Install app by an API key",
    )
    def with_key(type: _Type, body: Annotated[ApiKeyInstallRequest, Body()]) -> InstallResponse:  # noqa: A002 - as above
        return installed_to_wire(install.with_api_key(namespace(), type, wish_from_wire(body), body.api_key))

    _oauth2(router)
    return router


def _oauth2(router: Router) -> None:
    """No app is installed so: that takes an OAuth application of the house's own at Stripe (ADR 0023)."""

    @router.get(
        f"{_LISTING}/install/oauth2",
        operation_id="marketplaceOAuth2InstallGetURL",
        tags=_TAGS,
        summary="Get the URL to install an app by OAuth 2 (no app is installed so)",
    )
    def url(type: _Type) -> Response[None]:  # noqa: A002 - the contract's name of the parameter
        raise _no_oauth2(type)

    @router.get(
        f"{_LISTING}/install/oauth2/authorize",
        operation_id="marketplaceOAuth2InstallAuthorize",
        tags=_TAGS,
        summary="Take an authorization by OAuth 2 (no app is installed so)",
    )
    def authorize(type: _Type) -> Response[None]:  # noqa: A002 - as above
        raise _no_oauth2(type)


def _no_oauth2(kind: AppType) -> InvalidInput:
    methods = ", ".join(LISTINGS[kind].install_methods)
    message = f"apps of type {kind.value} are not installed by OAuth 2, but {methods}"
    return InvalidInput(message, [Problem("path:type", "install_method", message)])
