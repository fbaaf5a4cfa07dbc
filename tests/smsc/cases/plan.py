"""The effects of the plan on submit_sm, and that they are the same for all."""

import random

from client import OK, SUBMIT, THROTTLED, Smsc, part_header, push, submit_body
from tap import equal, ok


def test_statuses(folder):
    smsc = Smsc(folder, '''
        # comment
        receiver=99* status 0       # spared
        segment=2 attempt=1 status 0x0b
        receiver=4671* segment=3-4 status 88
        receiver=4672* attempt=2-3 status 0x45
        link=2 status 0x14
        receiver=4673 noanswer-lost 0%
    ''')
    client = smsc.client()
    equal([a.status for a in push(client, 1, 4)], [0, 0x0b, 0, 0],
          'by segment and attempt')
    equal(client.submit(b'2.', udh=part_header(1, 2, 4)).status, 0,
          'the same bytes again are attempt 2')
    equal(client.submit(b'2.', udh=part_header(2, 2, 4)).status, 0x0b,
          'another reference is another segment')
    equal([a.status for a in push(client, 1, 4, dst='46715')],
          [0, 0x0b, 88, 88], 'by receiver and range')
    equal([a.status for a in push(client, 1, 4, dst='+46715')],
          [0, 0, 88, 88], '+46 is 46: attempt 2')
    equal([a.status for a in push(client, 1, 2, dst='995')], [0, 0],
          'status 0 spares')
    equal([client.submit(dst='46720').status for _ in range(4)],
          [0, 0x45, 0x45, 0], 'by a range of attempts')
    second = smsc.client()
    equal(second.submit().status, 0x14, 'by link')
    refused = smsc.all('answer', status=0x0b)[0]
    equal(refused['message_id'], '', 'a refusal has no message id')
    smsc.control('idle')
    equal([len(smsc.all('submit')), len(smsc.all('part'))],
          [21, 11], 'only what was accepted reached the phones')
    smsc.stop()


FAULTS = 'status 0x58 5%\nstatus 0x08 5%\nnoanswer-lost 2%\nstatus 0x45 0.5%\n'


def faults_met(folder, seed, order, links):
    """What each of 3000 segments meets at attempts 1 and 2."""
    smsc = Smsc(folder, FAULTS, seed=seed)
    clients = [smsc.client() for _ in range(links)]
    sent = 0
    for number, part in order:
        client = clients[sent % links]
        sent += 1
        client.request(SUBMIT, submit_body(
            b'x', dst='467%05d' % number, registered=0,
            udh=part_header(links, part, 3)))
    smsc.until(lambda: smsc.control('stats')['submits'] == sent, 'submits')
    submits = {(e['link'], e['seq']): (e['dst'], e['part'], e['attempt'])
               for e in smsc.all('submit')}
    met = {}
    for event in smsc.all('answer') + smsc.all('noanswer'):
        met[submits[event['link'], event['seq']]] = event.get('status')
    smsc.stop()
    return met


def test_same_seed_same_faults(folder):
    order = [(n, p) for n in range(1000) for p in (1, 2, 3)] * 2
    first = faults_met(folder + '/1', 7, order, 1)
    random.Random(1).shuffle(order)
    equal(len(first), 6000, 'two attempts of each segment')
    equal(faults_met(folder + '/2', 7, order, 3), first,
          'the same faults in another order over other links')
    other = faults_met(folder + '/3', 8, order, 3)
    ok(other != first, 'others with another seed')
    ok(any(first[k[0], k[1], 1] != first[k[0], k[1], 2] for k in first),
       'others at another attempt')
    for status, share in ((0x58, 5), (0x08, 5), (None, 2), (0x45, 0.5)):
        hit = sum(1 for s in first.values() if s == status) / 60
        ok(share * 0.7 < hit < share * 1.3,
           '%s: %.2f %% for %s %%' % (status, hit, share))


def test_no_answer(folder):
    smsc = Smsc(folder, 'receiver=1 noanswer\nreceiver=2 noanswer-lost\n')
    client = smsc.client()
    client.request(SUBMIT, submit_body(dst='1'))
    client.request(SUBMIT, submit_body(dst='2'))
    ok(b'id:' in client.delivery()['text'].encode(), 'a receipt comes')
    ok(client.silent(), 'and nothing else')
    smsc.control('idle')
    equal([(e['dst'], e['taken'], e['reason']) for e in smsc.all('noanswer')],
          [('1', True, 'plan'), ('2', False, 'plan')], 'noanswer')
    equal([e['dst'] for e in smsc.all('display')], ['1'],
          'taken is displayed, lost is not')
    equal(smsc.control('stats')['unanswered'], 2, 'stats counts them')
    smsc.stop()


def test_drop(folder):
    smsc = Smsc(folder, 'receiver=1 drop\nreceiver=2 drop-taken\n')
    for dst in ('1', '2'):
        client = smsc.client()
        before = client.request(SUBMIT, submit_body(dst='3'))
        equal(client.submit(dst=dst), None, 'dropped instead of answered')
        equal(smsc.wait('answer', count=int(dst))['seq'], before,
              'earlier submits are answered')
    watcher = smsc.client()
    ok(watcher.delivery()['text'], 'receipts come to the next link')
    smsc.wait('display', dst='2')
    smsc.control('idle')
    equal([(e['dst'], e['taken']) for e in smsc.all('noanswer')],
          [('1', False), ('2', True)], 'noanswer')
    equal([e['reason'] for e in smsc.all('link-lost')],
          ['dropped by the plan'] * 2, 'link-lost')
    equal(len(smsc.all('display', dst='1')), 0, 'not taken, not displayed')
    smsc.stop()


def test_delay(folder):
    smsc = Smsc(folder, 'receiver=1* delay 30..60\nreceiver=11 late 0.1s\n'
                'receiver=3 delay 60s\n')
    client = smsc.client()
    for dst, least in (('1', 0.03), ('11', 0.13), ('2', 0)):
        client.submit(dst=dst)
        submit, answer = smsc.all('submit')[-1], smsc.all('answer')[-1]
        took = answer['t'] - submit['t']
        ok(least <= took < least + 5, '%s s of delay for %s' % (took, dst))
    smsc.control('idle')
    equal([e['dst'] for e in smsc.all('receipt')], ['1', '11', '2'],
          'receipts')
    for receipt, answer in zip(smsc.all('receipt'), smsc.all('answer')):
        ok(receipt['t'] >= answer['t'], 'a receipt comes after its answer')
    client.request(SUBMIT, submit_body(dst='3'))
    smsc.wait('submit', dst='3')
    equal(smsc.control('stats')['pending_answers'], 1, 'an answer is pending')
    client.close()
    equal(smsc.wait('noanswer')['reason'], 'link lost',
          'an answer due on a link that is lost never comes')
    smsc.stop()


def test_rate(folder):
    smsc = Smsc(folder, 'link=1 rate 50\n')
    clients = [smsc.client() for _ in range(2)]
    for client in clients:
        for _ in range(40):
            client.request(SUBMIT, submit_body(registered=0))
    smsc.until(lambda: len(smsc.all('answer')) == 80, 'the answers')
    passed = len(smsc.all('answer', link=1, status=OK))
    submits = smsc.all('submit', link=1)
    most = 6 + 50 * (submits[-1]['t'] - submits[0]['t'])
    ok(5 <= passed <= most, '%d pass, at most %d may' % (passed, most))
    equal(len(smsc.all('answer', link=1, status=THROTTLED)), 40 - passed,
          'the others are throttled')
    equal(len(smsc.all('answer', link=2, status=OK)), 40, 'one link only')
    smsc.until(lambda: clients[0].submit(registered=0).status == OK,
               'a free place')
    ok(True, 'and it passes again')
    smsc.stop()
