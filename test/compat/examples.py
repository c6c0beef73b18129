"""Takes the Python examples out of the upstream documentation pages."""
import re

# The headings that end an example on the MalQuery page.
_HEADING = re.compile(
    r"^(Service class example \(.*\)|Uber class example|(Get|Post)MalQuery\w+V1|CrowdStrike Falcon|Clone this wiki locally)\s*$")


def malquery_examples(page):
    """Yields (operation id, style, code) for each example of the MalQuery page."""
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


_PEP8 = {
    "get_quotas": "GetMalQueryQuotasV1", "fuzzy_search": "PostMalQueryFuzzySearchV1", "get_download": "GetMalQueryDownloadV1",
    "get_metadata": "GetMalQueryMetadataV1", "get_request": "GetMalQueryRequestV1", "get_samples": "GetMalQueryEntitiesSamplesFetchV1",
    "samples_multidownload": "PostMalQueryEntitiesSamplesMultidownloadV1", "exact_search": "PostMalQueryExactSearchV1",
    "hunt": "PostMalQueryHuntV1",
}


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
