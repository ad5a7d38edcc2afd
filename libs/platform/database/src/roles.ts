/**
 * The login roles of the services. Each process holds the passwords of its own roles only; what a
 * role may do is in `docs/tables.md` and enforced by grants and row-level security.
 */
export const ROLES = [
  'ef_api',
  'ef_registry',
  'ef_worker',
  'ef_writer',
  'ef_claim',
  'ef_scheduler',
  'ef_analytics',
  'ef_issuer',
] as const;

export type Role = (typeof ROLES)[number];

/** Whether the text names a login role of the services. */
export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
