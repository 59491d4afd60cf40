"""How the API's description names bearer tokens."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from dangjian.identity.keycloak import API_AUDIENCE


class BearerScheme(OpenApiAuthenticationExtension):
    """A person's token through a public client, or a service client's; both from the realm of the host's district."""

    target_class = "dangjian.identity.bearers.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"An access token of the district's realm whose audience is {API_AUDIENCE}.",
        }
