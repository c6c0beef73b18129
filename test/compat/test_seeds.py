"""No example of the documentation pages is forgotten: each line that looks like a
program lies in one that a test runs."""
import re

import pytest

from examples import binary_examples, code_outside, deep_paging_examples, older_examples, operation_examples, paging_example
from test_examples import needs_pages, page


def taken(name):
    """The examples of a page as the tests take them."""
    text = page(name)
    if name == "iocs-legacy.txt":
        return [code for _, _, code in older_examples(text)]
    if name == "response-handling.txt":
        return [*binary_examples(text), paging_example(text), *deep_paging_examples(text)]
    return [code for _, _, code in operation_examples(text)]


@needs_pages
@pytest.mark.parametrize("name, count", [("malquery.txt", 27), ("quarantine.txt", 18), ("iocs-legacy.txt", 18), ("response-handling.txt", 5)])
def test_every_example_is_taken(name, count):
    examples = taken(name)
    assert len(examples) == count
    assert code_outside(page(name), examples) == []
    # Counted in another way: the programs begin with an import, but for the two that go on with an object made before.
    starts = len(re.findall(r"^from falconpy import", page(name), re.M))
    assert starts == count - (2 if name == "response-handling.txt" else 0)


def test_forgotten_code_is_seen():
    text = "About loops\nfrom falconpy import Hosts\nfalcon = Hosts()\n\nA sentence with falcon = in it.\nwhile total > 0:\n    print(1)\n"
    assert code_outside(text, ["from falconpy import Hosts\nfalcon = Hosts()\n"]) == ["while total > 0:", "    print(1)"]
