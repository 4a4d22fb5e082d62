"""Ids of Azure's resources, `/subscriptions/S/resourceGroups/G/providers/P/KIND/NAME`, taken apart."""

from besra.events.normalise.nested_document import Document, put

PLACES = (("subscriptions", "azure.subscription_id"), ("resourcegroups", "azure.resource.group"))
"""Words of an id, and the field of what stands behind each."""

RULES = "authorizationrules"


def put_resource(document: Document, resource_id: str | None) -> None:
    """Set `azure.resource.*` and `azure.subscription_id`. Ids are written in any case, and kept as they are.

    The provider is the name space and the kind (`Microsoft.Compute/virtualMachines`), the name all that follows:
    the extension of a virtual machine is `VM/extensions/NAME`.
    """
    put(document, "azure.resource.id", resource_id)
    parts = (resource_id or "").strip("/").split("/")
    words = [part.lower() for part in parts]
    for word, field in PLACES:
        if word in words[:-1]:
            put(document, field, parts[words.index(word) + 1])
    if "providers" not in words[:-1]:
        return
    provider = parts[words.index("providers") + 1 :]
    put(document, "azure.resource.provider", "/".join(provider[:2]))
    put(document, "azure.resource.name", "/".join(provider[2:]) or None)
    if len(provider) > 4 and provider[-2].lower() == RULES:
        put(document, "azure.resource.namespace", provider[2])
        put(document, "azure.resource.authorization_rule", provider[-1])
