/** RFC 3339 in UTC with milliseconds, as the public contract writes every time. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
