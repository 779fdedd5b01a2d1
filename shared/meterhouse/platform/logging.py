"""Structured logs, traces and metrics by Powertools. No payload is logged, ids only."""

from aws_lambda_powertools import Logger, Tracer

logger = Logger()
tracer = Tracer(auto_patch=False)
