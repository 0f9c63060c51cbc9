"""The people of a fictional company: staff, guests, and those who are disabled."""

import unicodedata
from random import Random
from uuid import UUID

from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.state import EntraState

GIVEN = (
    "Ada", "Alan", "Amara", "Anders", "Björn", "Chidi", "Chloé", "Dmitri", "Edsger", "Elif",
    "Fatima", "Grace", "Hedy", "Ines", "Ivan", "Jürgen", "Kenji", "Lakshmi", "Linus", "Maria",
    "Mei", "Noor", "Olga", "Pedro", "Priya", "Quentin", "Radia", "Siobhán", "Tariq", "Ursula",
    "Vera", "Wei", "Ximena", "Yusuf", "Zoë",
)  # fmt: skip
FAMILY = (
    "Abbas", "Almeida", "Andersson", "Bauer", "Chen", "Dubois", "Eriksen", "Fischer", "García",
    "Haddad", "Hopper", "Ivanova", "Jansen", "Kowalski", "Kumar", "Lovelace", "Müller", "Nakamura",
    "Novák", "O'Brien", "Okafor", "Özdemir", "Perlman", "Petrov", "Quist", "Rossi", "Sato",
    "Schmidt", "Silva", "Tanaka", "Turing", "Ueda", "Vargas", "Wang", "Yilmaz", "Zhou",
)  # fmt: skip
ODD_PEOPLE = (
    "<script>alert(1)</script>",
    "O'Neil, Siobhán",
    'Robert "Bobby" Tables',
    "Иван Иванов",
    "李 小龙",
    "فاطمة الزهراء",
    "Trailing Space ",
    "=HYPERLINK(1)",
)
ODD_GROUPS = (
    "<script>alert(1)</script>",
    "O'Brien's \"Special\" Team, Ltd.",
    "R&D #1 + 50% é/ü",
    "データ分析チーム",
    "Аналитика данных",
    "فريق البيانات",
    "Trailing Space Team ",
    "=SUM(A1:A9), quoted",
    "| pipes | and `ticks` |",
    "'; DROP TABLE groups; --",
)
DIVISIONS = (
    "Engineering", "Data", "Sales", "Finance", "Operations", "Marketing", "Research", "Legal",
    "People", "Support",
)  # fmt: skip
BRANCHES = (
    "Platform", "Products", "Analytics", "Services", "Strategy", "Quality", "Delivery", "Security",
)  # fmt: skip
PLACES = (
    "Berlin", "Boston", "Bengaluru", "Dublin", "Kraków", "Lisboa", "Lyon", "Nairobi", "Osaka",
    "São Paulo", "Toronto", "Zürich",
)  # fmt: skip
COUNTRIES = ("Germany", "Ireland", "India", "Japan", "Brazil", "United States", "Kenya")
TITLES = ("Analyst", "Engineer", "Manager", "Scientist", "Consultant", "Architect", "Director")
PROJECTS = (
    "Alpha", "Borealis", "Cassini", "Dynamo", "Everest", "Fjord", "Gemini", "Horizon", "Iris",
    "Juno", "Kepler", "Lagoon", "Meridian", "Nimbus", "Orion", "Pioneer", "Quasar", "Rosetta",
)  # fmt: skip
APPLICATIONS = ("etl", "dbt", "airflow", "powerbi", "ci", "mlops", "backup", "ingest", "catalog")
PARTNERS = ("fabrikam.com", "northwind.com", "adventure-works.com", "tailspin.com")


def numbered(words: tuple[str, ...], index: int) -> str:
    """The word at ``index``; each further time round has a number added."""
    again, at = divmod(index, len(words))
    return words[at] if again == 0 else f"{words[at]} {again + 1}"


DOMAIN = "contoso.com"
TENANT_DOMAIN = "contoso.onmicrosoft.com"
CREATED = "2025-01-06T08:00:00Z"


def new_id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


class People:
    """Makes users of one tenant. Names repeat, as people's do; addresses do not."""

    def __init__(self, state: EntraState, rng: Random) -> None:
        self._state = state
        self._rng = rng

    def staff(self, *, disabled: bool = False) -> JsonObject:
        """Properties of a member of staff, with a free address."""
        rng = self._rng
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        alias = self._free_alias(f"{_plain(given)}.{_plain(family)}")
        return {
            "id": new_id(rng),
            "displayName": f"{given} {family}",
            "givenName": given,
            "surname": family,
            "userPrincipalName": f"{alias}@{DOMAIN}",
            "mail": f"{alias}@{DOMAIN}".lower() if rng.random() < 0.97 else None,
            "mailNickname": alias.lower(),
            "accountEnabled": not disabled,
            "userType": "Member",
            "employeeType": "Contractor" if rng.random() < 0.08 else "Employee",
            "companyName": "Contoso",
            "country": rng.choice(COUNTRIES),
            "jobTitle": rng.choice(TITLES),
            "department": None,
            "onPremisesSyncEnabled": True if rng.random() < 0.5 else None,
            "onPremisesExtensionAttributes": {"extensionAttribute1": f"CC{rng.randrange(100):03}"},
            "createdDateTime": CREATED,
        }

    def odd(self, number: int) -> JsonObject:
        """A member of staff whose name breaks what does not treat names as data."""
        name = ODD_PEOPLE[number]
        # A quote in the address, too: it is legal there, and ends a careless filter.
        alias = self._free_alias("Siobhan.O'Neil" if "'" in name else f"odd.person{number + 1}")
        address = {"userPrincipalName": f"{alias}@{DOMAIN}", "mail": f"{alias}@{DOMAIN}".lower()}
        return {**self.staff(), "displayName": name, **address}

    def guest(self) -> JsonObject:
        """A guest, whose principal name holds the home address in disguise."""
        rng = self._rng
        given, family, partner = rng.choice(GIVEN), rng.choice(FAMILY), rng.choice(PARTNERS)
        plain = f"{_plain(given)}.{_plain(family)}".lower()
        alias = self._free_alias(plain, f"_{partner}#EXT#@{TENANT_DOMAIN}")
        return {
            "id": new_id(rng),
            "displayName": f"{given} {family} ({partner.partition('.')[0].title()})",
            "userPrincipalName": f"{alias}_{partner}#EXT#@{TENANT_DOMAIN}",
            "mail": f"{alias}@{partner}",
            "userType": "Guest",
            "accountEnabled": True,
            "externalUserState": "Accepted" if rng.random() < 0.9 else "PendingAcceptance",
            "creationType": "Invitation",
            "createdDateTime": CREATED,
        }

    def _free_alias(self, alias: str, rest: str = f"@{DOMAIN}") -> str:
        number, free = 1, alias
        while self._state.find(free + rest) is not None:
            number += 1 if number < 20 else self._rng.randrange(1, 1000)
            free = f"{alias}{number}"
        return free


def _plain(name: str) -> str:
    """ASCII letters only."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isalpha())
