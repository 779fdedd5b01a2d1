"""Entitlements and grants over HTTP."""

from collections.abc import Callable
from datetime import datetime

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.entitlements.customer_api import customer_change_routes, customer_grant_routes, customer_routes
from meterhouse.entitlements.grant_api import grant_routes, grant_routes_v1
from meterhouse.entitlements.list_api import entitlement_routes, entitlement_routes_v1
from meterhouse.entitlements.management import Management
from meterhouse.entitlements.subject_api import subject_change_routes, subject_grant_routes, subject_routes
from meterhouse.platform import clock


def management_routes(use: Management, now: Callable[[], datetime] = clock.now) -> list[Router]:
    return [
        customer_routes(use, now),
        customer_change_routes(use, now),
        customer_grant_routes(use, now),
        subject_routes(use, now),
        subject_change_routes(use, now),
        subject_grant_routes(use, now),
        entitlement_routes(use, now),
        entitlement_routes_v1(use, now),
        grant_routes(use, now),
        grant_routes_v1(use, now),
    ]
