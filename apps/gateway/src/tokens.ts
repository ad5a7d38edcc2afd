/** Injection tokens of what is an interface and so has no class to name it. */
export const ISSUER = Symbol('IssuerPort');
export const CLOCK = Symbol('Clock');
