"""What of an operator's kannel.conf a sandbox is given: how links, PPG and
Convoy are set, but not where they are. Hosts, ports, names, passwords, files
and who may come stay those of the sandbox, and so do smsboxes and users."""

import re

GROUP, INCLUDE = 'group', 'include'
# What a sandbox decides itself.
OWN = {
    'core': re.compile(r'.*(port|interface|password|-ip|log|store|ssl|dlr|'
                       r'status|http-proxy|pid|list).*|unified-prefix'),
    'smsc': re.compile(r'smsc|smsc-id|smsc-admin-id|host|port|receive-port|'
                       r'smsc-username|smsc-password|system-type|'
                       r'transceiver-mode|instances|.*(log|ssl|-ip|list|'
                       r'smsc-id).*|our-.*|unified-prefix'),
    'ppg': re.compile(r'.*(port|url|-ip|list|ssl|users|trusted).*|'
                      r'global-sender|default-smsc'),
    'convoy': re.compile(r'module|pgsql-id|smsc-id|state-location|'
                         r'deployment|notify-.*')}


class ConfError(Exception):
    pass


def read_groups(path):
    """The groups of the file, each a list of (key, value)."""
    groups, group = [], []
    with open(path, encoding='utf-8', errors='replace') as file:
        for number, line in enumerate([*file, ''], 1):
            line = line.strip()
            if line.startswith('#'):
                continue
            if not line:
                groups += [group] if group else []
                group = []
                continue
            key, equals, value = map(str.strip, line.partition('='))
            if not equals or key == INCLUDE:
                raise ConfError(f'{path}:{number}: not "key = value" of a '
                                'group; give one file without include')
            group.append((key, value))
    return groups


def taken(group, kind):
    return [(key, value) for key, value in group
            if key != GROUP and not OWN[kind].fullmatch(key)]


def sandbox_keys(path):
    """What Sandbox is to be given for this kannel.conf: all SMPP links, with
    the keys of the first."""
    groups = read_groups(path)

    def named(kind):
        return [group for group in groups
                if dict(group).get(GROUP, '').strip('"') == kind]
    links = [group for group in named('smsc')
             if dict(group).get('smsc', '').strip('"') == 'smpp']
    if not links:
        raise ConfError(f'{path}: no group = smsc with smsc = smpp')
    counts = [dict(group).get('instances', '1').strip('"') for group in links]
    if not all(map(str.isdecimal, counts)):
        raise ConfError(f'{path}: instances is no number')
    core = [line for group in named('core') for line in taken(group, 'core')]
    found = dict(options=['--links', str(sum(map(int, counts)))],
                 link=dict(taken(links[0], 'smsc')),
                 conf=''.join(f'{key} = {value}\n' for key, value in core))
    for kind in 'ppg', 'convoy':
        found[kind] = dict(pair for group in named(kind)
                           for pair in taken(group, kind))
    return found
