"""``metadata.json`` says what the packages themselves say, of all that this environment has: `make oldest` asks it of the oldest."""

from importlib.metadata import distributions

from packaging.utils import canonicalize_name

from tests.setup import METADATA
from tests.setup.locks import Package, read_metadata


def test_metadata_is_that_of_the_packages() -> None:
    written = read_metadata(METADATA)
    here = {
        f"{canonicalize_name(package.metadata['Name'])}=={package.version}": Package.of(package)
        for package in distributions()
    }
    common = here.keys() & written.keys()
    assert len(common) > 50
    assert {pin: here[pin] for pin in common} == {pin: written[pin] for pin in common}
