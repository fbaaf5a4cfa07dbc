"""Are PAP documents what the DTD that they name allows?

Those of a long test are alike but for a few values, so one of each shape is
kept, and xmllint looks at all of them in the end.
"""

import os
import re
import subprocess
import tempfile

CATALOG = os.path.join(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))), 'pap', 'catalog.xml')
# Values that the DTD leaves open.
OPEN = re.compile(rb'\b(push-id|address-value|desc|code|[a-z]+-time|'
                  rb'sender-[a-z]+|bad-message-fragment)="[^"]*"')


class Documents:
    """Documents that came from the gateway."""

    def __init__(self):
        self.shapes = {}

    def add(self, document):
        self.shapes.setdefault(OPEN.sub(rb'\1=""', document), document)

    def invalid(self):
        """Those that are not, each with xmllint's reason."""
        return invalid(list(self.shapes.values()))


def invalid(documents):
    with tempfile.TemporaryDirectory(prefix='convoy-pap-') as folder:
        names = [str(number) for number in range(len(documents))]
        for name, document in zip(names, documents):
            with open(f'{folder}/{name}', 'wb') as file:
                file.write(document)
        lint = names and subprocess.run(
            ['xmllint', '--nonet', '--noout', '--valid', *names], cwd=folder,
            env={**os.environ, 'XML_CATALOG_FILES': CATALOG}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    reasons = {}
    for line in lint.stdout.splitlines() if lint else ():
        name, _, reason = line.partition(':')
        if name.isdigit() and 'error' in reason:
            reasons.setdefault(name, reason)
    if lint and lint.returncode and not reasons:
        return [lint.stdout]
    return [f'{reason}: {documents[int(name)]!r}'
            for name, reason in reasons.items()]
