/** Finds or makes a Python that has the real jq; or says why there is none. */
export declare function oraclePython(options: {
  /** Default: `.cache` in the user's home. */
  cacheFolder?: string;
  log: (line: string) => void;
}): { python: string; missing?: undefined } | { python?: undefined; missing: string };
