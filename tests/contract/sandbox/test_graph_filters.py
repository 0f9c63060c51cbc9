"""OData filters."""

import pytest

from aadsync_lib.sandbox.entra import odata
from tests.contract.sandbox.contoso import ADA, BOB, DATA, EVE, SOCIAL, TEAM, error_of, ids

EVENTUAL = {"ConsistencyLevel": "eventual"}

PLAIN = [
    ("users", "userPrincipalName eq 'ADA@contoso.com'", [ADA]),
    ("users", "userType eq 'Guest'", [EVE]),
    ("users", "accountEnabled eq false", [BOB]),
    ("users", "mail eq null", [BOB]),
    ("users", "id in ('" + ADA + "', '" + EVE + "')", [ADA, EVE]),
    ("users", "startswith(displayName,'ada')", [ADA]),
    ("users", "startsWith(displayName, 'ADA') or userType eq 'Guest'", [ADA, EVE]),
    ("users", "userType eq 'Member' and (accountEnabled eq false or mail eq 'x')", [BOB]),
    ("users", "userPrincipalName eq 'bob.o''neil@contoso.com'", [BOB]),
    ("groups", "displayName eq 'R&D''s team'", [TEAM]),
    ("groups", "groupTypes/any(c:c eq 'Unified')", [SOCIAL]),
    ("groups", "securityEnabled eq true and startswith(displayName,'dbx-')", [DATA]),
]
ADVANCED = [
    ("users", "userType ne 'Guest'", [ADA, BOB]),
    ("users", "not startswith(displayName,'ada')", [BOB, EVE]),
    ("users", "not(userType eq 'Guest') and mail ne null", [ADA]),
    ("users", "endsWith(mail,'fabrikam.com')", [EVE]),
    ("groups", "not groupTypes/any(c:c eq 'Unified') and startswith(displayName,'r')", [TEAM]),
]
WRONG = [
    "displayName eq 'open",
    "displayName eq",
    "displayName",
    "displayName eq 'a' 'b'",
    "(displayName eq 'a'",
    "displayName gt 'a'",
    "contains(displayName,'a')",
    "shoeSize eq 'a'",
    "displayName eq a",
    "id in ()",
    "",
]


@pytest.mark.parametrize(("collection", "text", "expected"), PLAIN)
def test_a_filter_selects_what_it_says(graph, collection, text, expected):
    answer = graph.get(f"/{collection}", params={"$filter": text, "$select": "id"})
    assert ids(answer.json()["value"]) == expected


@pytest.mark.parametrize(("collection", "text", "expected"), ADVANCED)
def test_an_advanced_filter_selects_what_it_says(graph, collection, text, expected):
    params = {"$filter": text, "$count": "true"}
    answer = graph.get(f"/{collection}", params=params, headers=EVENTUAL).json()
    assert ids(answer["value"]) == expected
    assert answer["@odata.count"] == len(expected)


@pytest.mark.parametrize(("collection", "text", "_expected"), ADVANCED)
@pytest.mark.parametrize("half", ["neither", "header", "count"])
def test_an_advanced_filter_needs_both_header_and_count(graph, collection, text, _expected, half):
    params = {"$filter": text} | ({"$count": "true"} if half == "count" else {})
    headers = EVENTUAL if half == "header" else {}
    answer = graph.get(f"/{collection}", params=params, headers=headers)
    assert error_of(answer) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_filter_is_a_bad_request(graph, text):
    assert error_of(graph.get("/users", params={"$filter": text})) == (400, "BadRequest")


def test_a_filter_reads_nested_properties():
    item = {"onPremisesExtensionAttributes": {"extensionAttribute1": "CC1"}}
    found = odata.parse("onPremisesExtensionAttributes/extensionAttribute1 eq 'cc1'", bool)
    assert found.matches(item)
    assert not found.matches({"onPremisesExtensionAttributes": None})


def test_numbers_compare_as_numbers():
    assert odata.parse("size eq 3", bool).matches({"size": 3})


@pytest.mark.parametrize(
    "option", ["$orderby=displayName", "$search=x", "$skip=5", "$expand=members"]
)
def test_options_that_graph_lacks_here_are_refused(graph, option):
    assert error_of(graph.get(f"/groups?{option}")) == (400, "Request_UnsupportedQuery")


def test_the_number_of_users_can_be_filtered(graph):
    params = {"$filter": "userType eq 'Member'"}
    assert graph.get("/users/$count", params=params, headers=EVENTUAL).text == "2"
    assert graph.get("/users/$count").status_code == 400


def test_the_sdk_encodes_a_name_with_quotes_for_us(msgraph):
    async def read(client):
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder

        query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(
            filter="displayName eq 'R&D''s team'"
        )
        return await client.groups.get(RequestConfiguration(query_parameters=query))

    assert [group.id for group in msgraph(read).value] == [TEAM]
