"""Words for people, groups and applications, the awkward ones included."""

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
