/** fast-check's parameters, as far as they matter here. */
export interface Parameters {
  seed?: number;
  numRuns?: number;
  interruptAfterTimeLimit?: number;
  endOnFailure?: boolean;
}

export interface PropertySettings {
  seed: number;
  tellsSeeds: boolean;
  seedsFile: string | undefined;
  parameters(own?: Parameters): Parameters;
  again(suite: string): string;
}

export function propertySettings(
  environment: Readonly<Record<string, string | undefined>>,
): PropertySettings;
