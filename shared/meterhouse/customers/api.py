"""Customers and subjects over HTTP."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.customers.ports import CustomerFilter, CustomerOrder, PageRequest
from meterhouse.customers.schema import (
    CustomerCreate,
    CustomerReplaceUpdate,
    CustomerWire,
    SubjectUpsert,
    SubjectWire,
    change_of,
    customer_wire,
    details_of,
    subject_wire,
)
from meterhouse.customers.service import CustomerService
from meterhouse.customers.subjects import SubjectService
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder

_CUSTOMERS = "/api/v1/customers"
_CUSTOMER = "/api/v1/customers/<customer_id_or_key>"
_SUBJECTS = "/api/v1/subjects"
_SUBJECT = "/api/v1/subjects/<subject_id_or_key>"
_MOST_SUBJECTS = 1000
"""What one request changes well within its time; the contract sets no limit."""
_NO_CONTENT = HTTPStatus.NO_CONTENT


class CustomerExpand(StrEnum):
    SUBSCRIPTIONS = "subscriptions"


Expand = Annotated[list[CustomerExpand] | None, Query()]


def customer_routes(service: CustomerService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_CUSTOMERS, operation_id="createCustomer", tags=["Customers"], summary="Create customer")
    def create(body: Annotated[CustomerCreate, Body()]) -> tuple[CustomerWire, int]:
        return customer_wire(service.create(namespace(), details_of(body))), HTTPStatus.CREATED

    @router.get(_CUSTOMERS, operation_id="listCustomers", tags=["Customers"], summary="List customers")
    def page(
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[CustomerOrder, Query(alias="orderBy")] = CustomerOrder.NAME,
        include_deleted: Annotated[bool, Query(alias="includeDeleted")] = False,
        key: Annotated[str | None, Query()] = None,
        name: Annotated[str | None, Query()] = None,
        primary_email: Annotated[str | None, Query(alias="primaryEmail")] = None,
        subject: Annotated[str | None, Query()] = None,
        plan_key: Annotated[str | None, Query(alias="planKey")] = None,
        expand: Expand = None,
    ) -> Page[CustomerWire]:
        shown, total = service.page(
            namespace(),
            CustomerFilter(key, name, primary_email, subject, include_deleted),
            PageRequest(page, page_size, order_by, descending=order is SortOrder.DESC),
            plan_key=plan_key,
            expand=bool(expand),
        )
        items = [customer_wire(one) for one in shown]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.get(_CUSTOMER, operation_id="getCustomer", tags=["Customers"], summary="Get customer")
    def get(customer_id_or_key: str, expand: Expand = None) -> CustomerWire:
        return customer_wire(service.get(namespace(), customer_id_or_key, expand=bool(expand)))

    @router.put(_CUSTOMER, operation_id="updateCustomer", tags=["Customers"], summary="Update customer")
    def replace(customer_id_or_key: str, body: Annotated[CustomerReplaceUpdate, Body()]) -> CustomerWire:
        return customer_wire(service.replace(namespace(), customer_id_or_key, details_of(body)))

    @router.delete(_CUSTOMER, operation_id="deleteCustomer", tags=["Customers"], summary="Delete customer")
    def delete(customer_id_or_key: str) -> Response[None]:
        service.delete(namespace(), customer_id_or_key)
        return Response(_NO_CONTENT)

    return router


def subject_routes(service: SubjectService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_SUBJECTS, operation_id="listSubjects", tags=["Subjects"], summary="List subjects", deprecated=True)
    def list_all() -> list[SubjectWire]:
        return [subject_wire(subject) for subject in service.all(namespace())]

    @router.post(_SUBJECTS, operation_id="upsertSubject", tags=["Subjects"], summary="Upsert subject", deprecated=True)
    def upsert(body: Annotated[list[SubjectUpsert], Body(max_length=_MOST_SUBJECTS)]) -> list[SubjectWire]:
        subjects = service.upsert(namespace(), [change_of(subject) for subject in body])
        return [subject_wire(subject) for subject in subjects]

    @router.get(_SUBJECT, operation_id="getSubject", tags=["Subjects"], summary="Get subject", deprecated=True)
    def get(subject_id_or_key: str) -> SubjectWire:
        return subject_wire(service.get(namespace(), subject_id_or_key))

    @router.delete(_SUBJECT, operation_id="deleteSubject", tags=["Subjects"], summary="Delete subject", deprecated=True)
    def delete(subject_id_or_key: str) -> Response[None]:
        service.delete(namespace(), subject_id_or_key)
        return Response(_NO_CONTENT)

    return router


def routes(customers: CustomerService, subjects: SubjectService) -> tuple[Router, Router]:
    return customer_routes(customers), subject_routes(subjects)
