"""Everything the deployed application talks to, on one machine, without Docker and without an AWS account."""
