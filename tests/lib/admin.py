"""bearerbox's HTTP admin interface."""

import urllib.parse
import urllib.request


class Admin:
    def __init__(self, env):
        self.url, self.password = env['ADMIN_URL'], env['ADMIN_PASSWORD']

    def __call__(self, command, password=None, **values):
        """The answer to a command, as text."""
        values['password'] = password or self.password
        with urllib.request.urlopen(
                f'{self.url}/{command}?{urllib.parse.urlencode(values)}',
                timeout=15) as page:
            return page.read().decode(errors='replace')
