"""Every setting stands in one table of the documents, with what it is for, and reaches the services on a server."""

from tests.architecture.rooms import ROOT
from tests.architecture.settings import every_setting, table


def test_every_setting_says_what_it_is_for() -> None:
    found = every_setting()
    assert len(found) > 60
    assert not [each.name for each in found if not each.purpose]


def test_the_table_of_the_documents_is_the_code_s() -> None:
    assert table() in (ROOT / "docs" / "settings.md").read_text()


def test_the_servers_give_every_setting_of_their_environment_file_to_the_services() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    shared_by_all = compose[compose.index("x-service:") : compose.index("\nservices:")]
    assert "env_file: [{path: .env, required: false}]" in shared_by_all
    assert compose.count("<<: *service") == 7
    assert "env_file" not in compose[compose.index("\nservices:") :]
