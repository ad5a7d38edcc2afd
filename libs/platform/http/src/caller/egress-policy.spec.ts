import { refusal } from './egress-policy';

const nothing = { allowLoopback: false, allowPrivate: false };
const everything = { allowLoopback: true, allowPrivate: true };

describe('refusal', () => {
  it.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'lets %s pass',
    (address) => expect(refusal(address, nothing)).toBeUndefined(),
  );

  it.each(['127.0.0.1', '127.9.9.9', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1'])(
    'lets the loopback address %s pass only when allowed',
    (address) => {
      expect(refusal(address, nothing)).toContain('loopback');
      expect(refusal(address, { ...nothing, allowPrivate: true })).toContain('loopback');
      expect(refusal(address, { ...nothing, allowLoopback: true })).toBeUndefined();
    },
  );

  it.each(['10.0.0.1', '172.16.5.4', '192.168.1.1', '100.64.0.1', 'fd12::1', '::ffff:10.0.0.1'])(
    'lets the private address %s pass only when allowed',
    (address) => {
      expect(refusal(address, { ...nothing, allowLoopback: true })).toContain('private');
      expect(refusal(address, { ...nothing, allowPrivate: true })).toBeUndefined();
    },
  );

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '::',
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    '100.100.100.200',
    '192.0.0.192',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '240.0.0.1',
    '198.18.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '::a00:1',
    'localhost',
    '',
  ])('never lets %j pass', (address) => expect(refusal(address, everything)).toBeDefined());
});
