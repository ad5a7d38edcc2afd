import ipaddr, { type IPv6 } from 'ipaddr.js';

/** Longest text that stands for an address which is none: a proxy may write anything. */
const LONGEST = 64;

/**
 * What limits by address count as one: an IPv4 address, or the /64 network of an IPv6 address, whose owner has 2⁶⁴ of
 * them.
 */
export function addressGroup(address: string): string {
  if (!ipaddr.isValid(address)) return address.slice(0, LONGEST);
  const found = ipaddr.process(address);
  if (found.kind() === 'ipv4') return found.toString();
  const network = (found as IPv6).parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}

/** Whether an address is one of, or lies within, addresses and networks. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const found = ipaddr.process(address);
  return networks.some((network) => {
    const [base = '', bits] = network.split('/');
    const range = ipaddr.parse(base);
    if (range.kind() !== found.kind()) return false;
    return found.match(range, bits === undefined ? range.toByteArray().length * 8 : Number(bits));
  });
}
