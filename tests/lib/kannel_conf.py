"""The kannel.conf of a sandbox.

All boxes read one file, as on a real host. A second bearerbox has a file of
its own, which differs in the ports and in what --conf adds. The core group
comes last, so that lines given with --conf that stand before any `group = ...`
extend it.
"""

USER = 'sandbox'      # and its password, everywhere


def kannel_conf(box, ports, links, smsc, link_keys, database, module, state,
                convoy, extra):
    """Returns the text.

    box       name of the bearerbox; it tells it to the SMSC as system-type
    ports     of admin, smsbox, wapbox, ppg and sendsms, by these names
    links     number of SMPP binds, all under one smsc-id
    smsc      (host, port)
    link_keys further (key, value) pairs of these links
    database  (host, port) of PostgreSQL, or None: without the module
    module    path of convoy.so
    state     folder of what a bearerbox remembers
    convoy    further (key, value) pairs of group = convoy
    extra     the text to append; @SMSC_PORT@ in it is that of the SMSC
    """
    groups = [
        [('group', 'wapbox'),
         ('bearerbox-host', '127.0.0.1')],
        [('group', 'ppg'),
         ('ppg-url', '/wappush'),
         ('ppg-port', ports['ppg']),
         ('trusted-pi', 'true'),
         ('concurrent-pushes', 1000)],
        [('group', 'smsbox'),
         ('bearerbox-host', '127.0.0.1'),
         ('sendsms-port', ports['sendsms']),
         ('global-sender', 12345)],
        [('group', 'sendsms-user'),
         ('username', USER),
         ('password', USER),
         ('max-messages', 10),
         ('concatenation', 'true')],
    ] + [
        [('group', 'smsc'),
         ('smsc', 'smpp'),
         ('smsc-id', 'smsc'),
         ('host', smsc[0]),
         ('port', smsc[1]),
         ('smsc-username', USER),
         ('smsc-password', USER),
         ('system-type', box),
         ('transceiver-mode', 'true'),
         ('max-pending-submits', 100),
         ('reconnect-delay', 1)] + link_keys
    ] * links
    if database:
        groups += [
            [('group', 'pgsql-connection'),
             ('id', 'convoy-db'),
             ('host', f'"{database[0]}"'),
             ('port', f'"{database[1]}"'),
             ('username', 'convoy'),
             ('database', 'convoy')],
            [('group', 'convoy'),
             ('module', f'"{module}"'),
             ('pgsql-id', 'convoy-db'),
             ('state-location', f'"{state}"'),
             ('notify-allow', '"127.0.0.1"')] + convoy,
        ]
    groups.append(
        [('group', 'core'),
         ('admin-port', ports['admin']),
         ('admin-password', USER),
         ('smsbox-port', ports['smsbox']),
         ('wapbox-port', ports['wapbox']),
         ('dlr-storage', 'internal')])
    return '\n'.join(
        ''.join(f'{key} = {value}\n' for key, value in group)
        for group in groups) + extra.replace('@SMSC_PORT@', str(smsc[1]))
