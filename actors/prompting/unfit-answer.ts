/** Lines from which on an answer may be a loop, and the share of different ones in a loop. */
const LOOP = { linesMin: 6, differentMax: 1 / 3 } as const
const FENCE = /<\/?data-[0-9a-f]{12}/

/**
 * Why an answer is none, for `refuse` of `generate`: `echo` repeats the fence of the prompt, and `loop` says the same lines over and over.
 * Small models do both.
 */
export function unfitAnswer(text: string): string[] {
  if (FENCE.test(text)) return ['echo']
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return lines.length >= LOOP.linesMin && new Set(lines).size <= lines.length * LOOP.differentMax ? ['loop'] : []
}
