/**
 * Whether chunks, in order, together are a text: the first starts it, each next one starts at the latest where the text is covered so far,
 * and the last one ends it. Chunks overlap, so each is placed as late as it fits, which covers the most. The model's tokenizer is not
 * needed for this proof.
 */
export function isCovered(text: string, chunks: readonly string[]): boolean {
  let covered = 0
  for (const chunk of chunks) {
    const at = text.lastIndexOf(chunk, covered)
    if (at < 0 || chunk === '') return false
    covered = Math.max(covered, at + chunk.length)
  }
  return covered === text.length
}
