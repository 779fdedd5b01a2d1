"""One plain URL in front of the deployed API, for clients that cannot resolve `<api-id>.execute-api.localhost`."""
