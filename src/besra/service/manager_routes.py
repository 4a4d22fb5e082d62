"""The routes that rule managers know beside those over rules, exception lists and items (detection-engine.md 8)."""

from collections.abc import Callable

from besra.rules.loaded import RuleSet
from besra.service.detection_set_up import detection_set_up
from besra.service.endpoint import Endpoint
from besra.service.endpoint_list_routes import endpoint_list_routes
from besra.service.prepackaged import prepackaged_routes
from besra.service.preview import Previews
from besra.service.preview_routes import Surroundings, preview_routes
from besra.service.preview_search import preview_search_routes
from besra.service.rule_exception_routes import rule_exception_routes
from besra.service.runs import Clock
from besra.service.searching import Searching
from besra.service.shared_list_routes import shared_list_routes
from besra.service.value_list_routes import value_list_routes


def manager_routes(
    among: Surroundings, read: Callable[[str], RuleSet], previews: Previews, searching: Searching, clock: Clock
) -> list[Endpoint]:
    """All of them; to be looked through before those over any rule and any index. `read` is that of `prepackaged`."""
    return [
        *detection_set_up(),
        *prepackaged_routes(among.rules, read),
        *preview_routes(previews, among, clock),
        *preview_search_routes(previews, searching, clock),
        *shared_list_routes(among.exceptions, clock),
        *endpoint_list_routes(among.exceptions, clock),
        *rule_exception_routes(among.rules, among.exceptions, clock),
        *value_list_routes(among.lists, among.exceptions, clock),
    ]
