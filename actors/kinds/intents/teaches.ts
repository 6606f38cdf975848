import { z } from 'zod'
import { INTENT_LIMITS } from '../../../schemas/intent-events.ts'

/** A revision of which some parts have not been counted yet. */
export const teachSchema = z.object({
  teach: z.string(),
  parts: z.int(),
  /** The parts that were counted: a bit each, in hexadecimal digits. */
  got: z.string(),
})
export type Teach = z.infer<typeof teachSchema>

/** Names of complete teaches that are remembered: a part of one that comes again changes nothing. */
export const DONE_MAX = 16

/** The teaches after a part of one of them was counted, and whether it was the last part. */
export function withCounted(
  coming: readonly Teach[],
  { teach, part, parts }: { readonly teach: string; readonly part: number; readonly parts: number },
): { readonly coming: Teach[]; readonly isComplete: boolean } {
  const others = coming.filter((one) => one.teach !== teach)
  const before = coming.find((one) => one.teach === teach)
  const got = BigInt(`0x${before?.got ?? '0'}`) | (1n << BigInt(part - 1))
  if (got === (1n << BigInt(parts)) - 1n) return { coming: others, isComplete: true }
  return { coming: [...others, { teach, parts, got: got.toString(16) }].slice(-INTENT_LIMITS.teachesMax), isComplete: false }
}
