// A seeded generator of numbers from 0 to 1, so that every reader sees the same draws.
// xorshift with 32 bits: Marsaglia 2003, Journal of Statistical Software 8(14).
export function generator(seed) {
  let state = (seed * 2654435761) >>> 0 || 1; // neighbouring seeds begin far apart
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
