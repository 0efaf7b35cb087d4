"""Where another editor's answer goes on."""

import pytest

from services.availability.interop.editors.search import next_page
from services.availability.interop.fhir.outcome import Malformed


@pytest.mark.parametrize("address", ["https://[x", "https://elsewhere.invalid/Slot?page=2"])
def test_a_page_that_cannot_be_asked_for_is_refused(address: str) -> None:
    bundle = {"link": [{"relation": "next", "url": address}]}
    with pytest.raises(Malformed):
        next_page(bundle, "https://editor.invalid/fhir/Slot")
