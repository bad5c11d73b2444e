"""No file names the host of a package registry: a bureau installs from its own mirror."""

import pytest

from tests.architecture.repository import files, read

# Written in parts, so that this file names none either.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("debian", "org"),
        ("archive", "ubuntu", "com"),
        ("anaconda", "org"),
        ("tuna", "tsinghua", "edu", "cn"),
        ("mirrors", "aliyun", "com"),
    )
)


def hosts_in(text: str) -> list[str]:
    return [host for host in HOSTS if host in text.lower()]


@pytest.mark.parametrize("name", files())
def test_a_file_names_no_registry(name: str) -> None:
    assert hosts_in(read(name)) == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_registry_is_found_inside_an_address(host: str) -> None:
    assert host in hosts_in(f"--index-url https://mirror.{host.upper()}/simple/")


def test_the_name_of_a_tool_is_no_host() -> None:
    assert hosts_in("pip, npm and the PyPI format; Debian 12; example.org") == []
