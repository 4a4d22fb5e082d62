"""What category and type events of Okta have, told by the name of their type.

Okta has about nine hundred event types, named by their subject and what happened to it:
`user.lifecycle.deactivate`, `policy.rule.update`.
"""

CATEGORIES = (
    ("user.session.start", "authentication session"),
    ("user.session.end", "authentication session"),
    ("user.session.", "session"),
    ("user.authentication.", "authentication"),
    ("user.mfa.", "authentication"),
    ("user.credential.", "authentication"),
    ("user.identity_verification", "authentication"),
    ("user.import.password", "authentication"),
    ("user.account.update_password", "authentication"),
    ("user.account.reset_password", "authentication"),
    ("user.account.expire_password", "authentication"),
    ("user.lifecycle.password_mass_expiry", "authentication"),
    ("user.", "iam"),
    ("group.", "iam"),
    ("access.", "iam"),
    ("application.user_membership.", "iam"),
    ("app.access_request.", "iam"),
    ("application.", "configuration"),
    ("app.oauth2.", "authentication"),
    ("app.generic.unauth_app_access_attempt", "authentication"),
    ("app.inbound_del_auth.", "authentication"),
    ("policy.evaluate_sign_on", "authentication"),
    ("policy.", "configuration"),
    ("system.mfa.", "authentication"),
    ("system.push.", "authentication"),
    ("system.oauth2.", "authentication"),
    ("system.", "configuration"),
    ("task.", "configuration"),
    ("zone.", "configuration"),
)
"""How an event type begins, and its categories; the first that fits counts."""

TYPES = (
    ("user.session.start", "start user"),
    ("user.session.end", "end user"),
    ("user.session.expire", "end"),
    ("user.session.impersonation.initiate", "start"),
    ("user.session.impersonation.end", "end"),
    ("user.session.", "info"),
    ("user.authentication.universal_logout", "end"),
    ("user.authentication.sso", "info user"),
    ("user.authentication.", "info"),
    ("user.mfa.factor.activate", "info start"),
    ("user.mfa.factor.deactivate", "end info"),
    ("user.mfa.", "info"),
    ("user.lifecycle.create", "creation user"),
    ("user.lifecycle.delete", "deletion user"),
    ("user.lifecycle.", "change user"),
    ("user.account.privilege.revoke", "deletion user"),
    ("user.account.update_password", "info"),
    ("user.account.reset_password", "info"),
    ("user.account.update_", "change user"),
    ("user.account.", "info user"),
    ("group.user_membership.", "change group"),
    ("application.user_membership.", "change user"),
    ("policy.evaluate_sign_on", "info"),
    ("policy.rule.add", "change"),
    ("system.org.rate_limit.", "info network"),
    ("core.concurrency.org.limit.violation", "info network"),
    ("security.request.blocked", "network"),
    ("zone.remove_blacklist", "deletion"),
)
"""How an event type begins, and its types; the first that fits counts."""

VERBS = {
    "activate": "change",
    "add": "creation",
    "create": "creation",
    "deactivate": "change",
    "delete": "deletion",
    "grant": "info",
    "remove": "deletion",
    "revoke": "deletion",
    "update": "change",
}
"""Where no beginning fits: the last word of an event type, and its type; others are `info`."""


def categories_of(event_type: str) -> list[str]:
    """The categories of an event type."""
    return next((words.split() for start, words in CATEGORIES if event_type.startswith(start)), [])


def types_of(event_type: str) -> list[str]:
    """The types of an event type."""
    known = next((words.split() for start, words in TYPES if event_type.startswith(start)), None)
    if known is not None:
        return known
    return [VERBS.get(event_type.rpartition(".")[2], "info")]
