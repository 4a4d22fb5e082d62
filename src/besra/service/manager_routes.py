"""The routes that rule managers know beside those over rules, exception lists and items (detection-engine.md 8)."""

from besra.service.detection_set_up import detection_set_up
from besra.service.endpoint import Endpoint
from besra.service.endpoint_list_routes import endpoint_list_routes
from besra.service.prepackaged import prepackaged_routes
from besra.service.preview import Previews
from besra.service.preview_routes import Surroundings, preview_routes
from besra.service.preview_search import preview_search_routes
from besra.service.rule_exception_routes import rule_exception_routes
from besra.service.rule_watch import Source
from besra.service.runs import Clock
from besra.service.searching import Searching
from besra.service.shared_list_routes import shared_list_routes
from besra.service.spaces import Spaces
from besra.service.value_list_routes import value_list_routes


def manager_routes(
    spaces: Spaces, source: Source, previews: Previews, searching: Searching, clock: Clock
) -> list[Endpoint]:
    """All of them; to be looked through before those over any rule and any index."""
    among = Surroundings(spaces, source.beside, source.match_index)
    return [
        *detection_set_up(),
        *prepackaged_routes(spaces.rules, source.read),
        *preview_routes(previews, among, clock),
        *preview_search_routes(previews, spaces, searching, clock),
        *shared_list_routes(spaces.exceptions, clock),
        *endpoint_list_routes(spaces.exceptions, clock),
        *rule_exception_routes(spaces.rules, spaces.exceptions, clock),
        *value_list_routes(spaces.lists, spaces.exceptions, clock),
    ]
