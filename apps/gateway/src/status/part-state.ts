/** A part of the installation and whether it works. */
export interface PartState {
  name: string;
  /** `partly`: some replicas; `unknown`: nobody can tell here. */
  state: 'up' | 'partly' | 'down' | 'unknown';
  /** What that means for users, or why it is not known. */
  note?: string;
}
