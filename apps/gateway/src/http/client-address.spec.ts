import { addressGroup, isWithin } from './client-address';

describe('addressGroup', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['unknown', 'unknown'],
  ])('%s is of %s', (address, group) => expect(addressGroup(address)).toBe(group));

  it('bounds what is no address', () => {
    expect(addressGroup('x'.repeat(10_000))).toHaveLength(64);
  });
});

describe('isWithin', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8', '127.0.0.1'], false],
    ['127.0.0.1', ['10.0.0.0/8', '127.0.0.1'], true],
    ['fd00::1', ['fd00::/8'], true],
    ['fd00::1', ['10.0.0.0/8'], false],
    ['nonsense', ['10.0.0.0/8'], false],
    ['10.1.2.3', [], false],
  ])('%s within %j: %s', (address, networks, within) => {
    expect(isWithin(address, networks)).toBe(within);
  });
});
