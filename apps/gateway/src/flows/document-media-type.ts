import { documentMediaTypes, type DocumentMediaType } from '@easyflow/contracts-http';

interface Range {
  type: string;
  quality: number;
}

/**
 * The media type a document is served in (RFC 9110, section 12.5.1): the one of Accept with the highest quality, the
 * one it was applied in when Accept leaves the choice or offers nothing we have.
 */
export function chosenMediaType(
  accept: string | undefined,
  applied: DocumentMediaType,
): DocumentMediaType {
  const ranges = rangesOf(accept ?? '*/*');
  const inOrder = [applied, ...documentMediaTypes.filter((type) => type !== applied)];
  const best = inOrder
    .map((type) => ({ type, quality: qualityOf(type, ranges) }))
    .reduce((first, second) => (second.quality > first.quality ? second : first));
  return best.quality > 0 ? best.type : applied;
}

function rangesOf(accept: string): Range[] {
  return accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const number = quality === undefined ? 1 : Number(quality);
    return { type, quality: Number.isFinite(number) ? number : 0 };
  });
}

/** The most specific range that matches decides. */
function qualityOf(type: DocumentMediaType, ranges: readonly Range[]): number {
  for (const pattern of [type, 'application/*', '*/*']) {
    const range = ranges.find((one) => one.type === pattern);
    if (range) return range.quality;
  }
  return 0;
}
