"""The kannel.conf of a sandbox.

All boxes read one file, as on a real host. A second bearerbox has a file of
its own, which differs in the ports and in what --conf adds. The core group
comes last, so that lines given with --conf that stand before any `group = ...`
extend it.
"""

USER = 'sandbox'      # and its password, everywhere


def kannel_conf(box, place, ports, links, link_keys, ppg_keys, module, state,
                convoy, extra):
    """Returns the text.

    box       name of the bearerbox; it tells it to the SMSC as system-type
    place     its `host`, and `database` and `smsc` as seen there, as (host,
              port); the database may be None: without the module
    ports     of admin, smsbox, wapbox, ppg and sendsms, by these names
    links     number of SMPP binds, all under one smsc-id
    link_keys further (key, value) pairs of these links
    ppg_keys  further ones of group = ppg, or others for those below
    module    path of convoy.so
    state     folder of what a bearerbox remembers
    convoy    further (key, value) pairs of group = convoy
    extra     the text to append; @SMSC_PORT@ in it is that of the SMSC
    """
    groups = [
        [('group', 'wapbox'),
         ('bearerbox-host', place.host)],
        list({'group': 'ppg',
              'ppg-url': '/wappush',
              'ppg-port': ports['ppg'],
              'trusted-pi': 'true',
              'concurrent-pushes': 1000, **dict(ppg_keys)}.items()),
        [('group', 'smsbox'),
         ('bearerbox-host', place.host),
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
         ('host', place.smsc[0]),
         ('port', place.smsc[1]),
         ('smsc-username', USER),
         ('smsc-password', USER),
         ('system-type', box),
         ('transceiver-mode', 'true'),
         ('max-pending-submits', 100),
         ('reconnect-delay', 1)] + link_keys
    ] * links
    if place.database:
        groups += [
            [('group', 'pgsql-connection'),
             ('id', 'convoy-db'),
             ('host', f'"{place.database[0]}"'),
             ('port', f'"{place.database[1]}"'),
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
        for group in groups) + extra.replace('@SMSC_PORT@', str(place.smsc[1]))
