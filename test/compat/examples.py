"""Takes the Python examples out of the upstream documentation pages."""
import re

_PEP8 = {
    "get_quotas": "GetMalQueryQuotasV1", "fuzzy_search": "PostMalQueryFuzzySearchV1", "get_download": "GetMalQueryDownloadV1",
    "get_metadata": "GetMalQueryMetadataV1", "get_request": "GetMalQueryRequestV1", "get_samples": "GetMalQueryEntitiesSamplesFetchV1",
    "samples_multidownload": "PostMalQueryEntitiesSamplesMultidownloadV1", "exact_search": "PostMalQueryExactSearchV1",
    "hunt": "PostMalQueryHuntV1",
    "action_update_count": "ActionUpdateCount", "get_aggregate_files": "GetAggregateFiles", "get_quarantine_files": "GetQuarantineFiles",
    "update_quarantined_detects_by_id": "UpdateQuarantinedDetectsByIds", "query_quarantine_files": "QueryQuarantineFiles",
    "update_quarantined_detects_by_query": "UpdateQfByQuery",
}

# The lines that end an example: the next one's heading, the next operation's, and the page's footer.
_HEADING = re.compile(
    rf"^(Service class example \(.*\)|Uber class example|{'|'.join(_PEP8.values())}|CrowdStrike Falcon|Clone this wiki locally|.*GitHub\.com Fallback.*)\s*$")


def operation_examples(page):
    """Yields (operation id, style, code) for each example of a service collection's page."""
    style, code = None, []
    for line in [*page.splitlines(), "CrowdStrike Falcon"]:
        if not _HEADING.match(line):
            code.append(line)
            continue
        text = "\n".join(code).strip() + "\n"
        if style and text.startswith("from falconpy import"):
            yield _operation(text), style, text
        style = line.strip() if "class example" in line else None
        code = []


def _operation(code):
    """The operation id that an example calls."""
    called = re.search(r'falcon\.(?:command\("(\w+)"|(\w+)\()', code)
    name = called.group(1) or called.group(2)
    return _PEP8.get(name, name)


def binary_examples(page):
    """The two examples of binary answers on the response handling page."""
    def between(start, end):
        return start + page.split(start, 1)[1].split(end, 1)[0].rstrip() + "\n"
    return (between("from falconpy import SampleUploads", "Result object expansion"),
            between("# Pass a boolean True to the `expand_result`", "JSON responses"))


def paging_example(page):
    """The loop over offsets of the response handling page."""
    start = "# Maximum number of rows to return."
    return start + page.split(start, 1)[1].split("Paginating JSON responses", 1)[0].rstrip() + "\n"


def older_examples(page):
    """Yields (operation id, Service or Uber, code) for each example of an older page, which has one of each and no lists of keywords."""
    blocks = re.split(r"^(Service|Uber) class example$", page, flags=re.M)
    for style, rest in zip(blocks[1::2], blocks[2::2]):
        code = re.match(r"\s*(from falconpy.*?^(?:print\(response\)|falcon\.deauthenticate\(\))$(?:\nfalcon\.deauthenticate\(\))?)", rest, re.S | re.M)[1]
        called = re.search(r"falcon\.(?:command\('([\w.]+)'|(\w+)\()", code)
        yield called[1] or called[2], style, code + "\n"


def deep_paging_examples(page):
    """The two loops of the response handling page: over after tokens, and over markers."""
    def block(start, last):
        return start + page.split(start, 1)[1].split(last, 1)[0].rstrip() + "\n" + last + "\n"
    return (block("# Import the Spotlight Vulnerabilities Service Class", 'print(f"Total IDs retrieved: {total}")'),
            block("# Import the datetime module so we can calculate a _marker", 'print(f"Total indicators retrieved: {len(indicators_list)}")'))


# What a line of a program looks like, and no line of the pages' text does.
_CODE = re.compile(r"""^\s*(from\s[\w.]+\simport\b|import\s\w+$|print\(|\w[\w\["\].]*\s=\s|while\s.+:$|for\s\w+\sin\s.+:$|if\s.+:$|else:$|with\sopen\(|\w+\.\w+\(.*\)$)""")


def code_outside(page, taken):
    """The lines of a page that look like a program and are in none of the examples taken from it."""
    left = page
    for code in taken:
        assert code.strip() in left, "an example that the page does not hold:\n" + code
        left = left.replace(code.strip(), "", 1)
    return [line for line in left.splitlines() if _CODE.match(line)]
