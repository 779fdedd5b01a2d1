"""Draws invoices: for callers, for their customers, and, once they are issued or voided, for good."""

from meterhouse.billing.document_api import document_routes
from meterhouse.billing.jinja import html_of
from meterhouse.billing.pdf import pdf_of
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.render_invoice import Format, RenderInvoice
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.s3 import S3Bucket
from meterhouse.platform.sqs import beside_http, each_event
from meterhouse.portal.document_api import portal_document_routes

database = Database(PostgresSettings.from_environment)
render = RenderInvoice(
    begins(database, PostgresBilling),
    S3Bucket("INVOICE_DOCUMENTS_BUCKET"),
    {Format.HTML: html_of, Format.PDF: pdf_of},
)
handler = beside_http(http_handler(document_routes(render), portal_document_routes(render)), each_event(render.keep))
