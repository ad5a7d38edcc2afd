import ipaddr from 'ipaddr.js';

/** Which addresses outgoing calls may reach beside the public internet. */
export interface EgressPolicy {
  /** 127.0.0.0/8 and ::1. */
  allowLoopback: boolean;
  /** RFC 1918, carrier grade NAT and IPv6 unique local addresses. */
  allowPrivate: boolean;
}

/**
 * Where clouds serve credentials to whoever asks. 169.254.169.254 is link-local and never allowed; these hide in
 * ranges that `allowPrivate` opens.
 */
const METADATA = new Set(['fd00:ec2::254', '100.100.100.200', '192.0.0.192']);

const PRIVATE_RANGES = new Set(['private', 'uniqueLocal', 'carrierGradeNat']);
const PUBLIC_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** Why an address may not be called, or undefined when it may. The text is an IP address, not a name. */
export function refusal(address: string, policy: EgressPolicy): string | undefined {
  const zone = address.indexOf('%');
  const plain = zone < 0 ? address : address.slice(0, zone);
  if (!ipaddr.isValid(plain)) return `${address} is no IP address`;
  // `process` turns ::ffff:10.0.0.1 into 10.0.0.1, so that a mapped address cannot pass as public.
  const parsed = ipaddr.process(plain);
  const range = parsed.range();
  const shown = parsed.toString();
  if (METADATA.has(shown)) return `${shown} is a metadata address`;
  if (range === 'loopback')
    return policy.allowLoopback ? undefined : `${shown} is a loopback address`;
  if (PRIVATE_RANGES.has(range)) {
    return policy.allowPrivate ? undefined : `${shown} is a private address`;
  }
  // Of IPv6 only global unicast is public: this leaves out IPv4-compatible addresses, NAT64 and whatever comes.
  const isPublic =
    range === 'unicast' && (parsed instanceof ipaddr.IPv4 || parsed.match(PUBLIC_IPV6));
  return isPublic ? undefined : `${shown} is not a public address (${range})`;
}
