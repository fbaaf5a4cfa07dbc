"""cancel_sm and query_sm."""

from client import (
    CANCEL, CANCELFAIL, INVMSGID, OK, QUERY, Smsc, address, cstring)
from tap import equal, ok


def test_cancel(folder):
    smsc = Smsc(folder, 'receiver=46* deliver 60s\n'
                'receiver=462* cancel 0x11\nreceiver=463* cancel-noanswer\n'
                'receiver=464* cancel-noanswer-lost\n'
                'receiver=465* cancel-receipt\n')
    client = smsc.client()
    ids = [client.submit(dst=dst).message_id
           for dst in ('461', '461', '462', '463', '464', '465', '1')]
    client.delivery()
    equal(client.cancel(ids[0], dst='461').status, OK, 'cancelled')
    equal(client.cancel(ids[0], dst='461').status, CANCELFAIL,
          'but not twice')
    equal(client.cancel(ids[6], dst='1').status, CANCELFAIL,
          'not when the phone has it')
    equal(client.cancel('beef', dst='461').status, INVMSGID, 'unknown id')
    equal(client.cancel(ids[1], src='101', dst='461').status, CANCELFAIL,
          'another source')
    equal(client.cancel(ids[1], dst='999').status, CANCELFAIL,
          'another destination')
    equal(client.cancel(ids[2], dst='462').status, CANCELFAIL,
          'refused by the plan')
    for message_id, dst in ((ids[3], '463'), (ids[4], '464')):
        client.request(CANCEL, cstring('') + cstring(message_id)
                       + address('100') + address(dst))
    ok(client.silent(), 'two that the plan leaves unanswered')
    equal([client.query(i).body[len(i) + 1:][-2] for i in ids[1:5]],
          [1, 1, 4, 1], 'only one of these is deleted')
    equal(client.cancel(ids[5], dst='465').status, OK, 'cancelled')
    equal(client.delivery()['tlv'][0x427], b'\4', 'with a receipt DELETED')
    client.submit(dst='461')
    equal(client.cancel('', dst='461').status, OK, 'one for all')
    equal(client.cancel('', dst='461').status, CANCELFAIL, 'none is left')
    equal([(e['result'], e['wildcard']) for e in smsc.all('cancel')],
          [('cancelled', False), ('too late', False), ('too late', False),
           ('unknown', False), ('address mismatch', False),
           ('address mismatch', False), ('refused by the plan', False),
           ('cancelled', False), ('lost', False), ('cancelled', False),
           ('cancelled', True), ('cancelled', True), ('none', True)],
          'the journal')
    equal([e['result'] for e in smsc.all('cancel') if e['status'] is None],
          ['cancelled', 'lost'], 'and what was not answered')
    equal([e['status'] for e in smsc.all('cancel')][:4],
          [OK, CANCELFAIL, CANCELFAIL, INVMSGID], 'and the answers')
    equal(len(smsc.all('display')), 1, 'what was cancelled is not displayed')
    smsc.stop()


def test_query(folder):
    smsc = Smsc(folder, 'receiver=2 deliver 60s\nreceiver=3 query 0x67\n'
                'receiver=4 query-noanswer\nreceiver=5 receipt REJECTD\n')
    client = smsc.client()
    ids = {dst: client.submit(dst=dst, registered=0).message_id
           for dst in '12345'}
    smsc.wait('fail')
    answer = client.query(ids['1'])
    equal(answer.body[:len(ids['1']) + 1], cstring(ids['1']), 'the id')
    date = answer.body[len(ids['1']) + 1:-3].decode()
    ok(len(date) == 16 and date.endswith('000+'), 'the date ' + date)
    equal(answer.body[-2:], b'\2\0', 'delivered')
    equal(client.query(ids['2']).body, cstring(ids['2']) + b'\0\1\0',
          'en route, no date')
    equal(client.query(ids['5']).body[-2:], b'\x08\0', 'rejected')
    equal(client.query(ids['3']).status, 0x67, 'refused by the plan')
    equal(client.query(ids['1'], src='7').status, 0x67, 'another source')
    equal(client.query('0').status, INVMSGID, 'unknown')
    client.request(QUERY, cstring(ids['4']) + address('100'))
    ok(client.silent(), 'not answered')
    equal([e['state'] for e in smsc.all('query')],
          ['DELIVRD', 'ENROUTE', 'REJECTD', 'DELIVRD', 'DELIVRD', '',
           'DELIVRD'], 'the journal')
    smsc.stop()
