import { z } from 'zod'
import { type Cause, causesOf } from '../../pipeline/dead-letters/dead-letter-causes.ts'
import {
  type DeadLetter,
  findDeadLetter,
  firstDeadLetters,
  newestDeadLetters,
  scanDeadLetters,
} from '../../pipeline/dead-letters/dead-letters.ts'
import { type Outcome, resolveDeadLetters } from '../../pipeline/dead-letters/resolve-dead-letters.ts'
import { HttpProblem } from '../../pipeline/http/problems.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { RESOLUTIONS } from '../../schemas/dead-letter-resolution.ts'
import { ERROR_CODES } from '../../schemas/error-codes.ts'
import { REASONS } from '../../schemas/reasons.ts'

const LIST_MAX = 200
const CAUSES_MAX = 100
/** Dead letters that one request resolves; the page repeats it while there are more. */
const RESOLVED_MAX = 100
const IN_FLIGHT_MAX = 32
const TIMEOUT_MS = 10_000
const PAYLOAD_CHARS_MAX = 16_384

export const deadQuery = z.strictObject({
  reason: z.enum(REASONS).optional(),
  limit: z.coerce.number().int().min(1).max(LIST_MAX).default(100),
})

export const resolveBody = z
  .strictObject({
    end: z.enum(RESOLUTIONS),
    /** DEAD sequences. */
    seqs: z.array(z.int().min(1)).min(1).max(RESOLVED_MAX).optional(),
    /** All with this reason, those that arrived first. */
    reason: z.enum(REASONS).optional(),
  })
  .refine(({ seqs, reason }) => (seqs === undefined) !== (reason === undefined), 'must have either seqs or a reason')
export const RESOLVE_EXAMPLE = { end: 'redriven', seqs: [17] }

/** A cause with what its reason means, and what helps. */
export interface ShownCause extends Cause {
  readonly meaning: string
  readonly remedy: string
}
export type ShownDeadLetter = Omit<DeadLetter, 'headers' | 'payload'>
export interface DeadLetters {
  readonly causes: readonly ShownCause[]
  /** The newest ones, newest first. */
  readonly letters: readonly ShownDeadLetter[]
}
/** What became of each dead letter, by its DEAD sequence. */
export interface ResolvedLetters {
  readonly resolved: readonly { readonly seq: number; readonly outcome: Outcome; readonly error?: string | undefined }[]
}

/** Causes of dead letters, the most frequent first, and the newest dead letters. */
export async function readDeadLetters(jetstream: JetStreamContext, { reason, limit }: z.output<typeof deadQuery>): Promise<DeadLetters> {
  const causes = await causesOf(scanDeadLetters(jetstream, {}))
  const letters = await newestDeadLetters(jetstream, { reason }, limit)
  return { causes: causes.slice(0, CAUSES_MAX).map(withRemedy), letters: letters.map(withoutPayload).reverse() }
}

function withRemedy(cause: Cause): ShownCause {
  const reason = REASONS.find((known) => known === cause.reason)
  const { meaning, remedy } = reason === undefined ? { meaning: '', remedy: '' } : ERROR_CODES[reason]
  return { ...cause, meaning, remedy }
}

const withoutPayload = ({ headers: _headers, payload: _payload, ...letter }: DeadLetter): ShownDeadLetter => letter

/** The payload of a dead letter as text, cut to `PAYLOAD_CHARS_MAX`. @throws HttpProblem `unknown_record` if DEAD does not have it */
export async function readPayload(jetstream: JetStreamContext, seq: number): Promise<{ readonly payload: string; readonly cut: boolean }> {
  const letter = await findDeadLetter(jetstream, seq)
  if (letter === undefined) throw new HttpProblem('unknown_record', `DEAD has no dead letter ${seq}: it was redriven or dropped`)
  const payload = new TextDecoder().decode(letter.payload.subarray(0, PAYLOAD_CHARS_MAX * 4)).slice(0, PAYLOAD_CHARS_MAX)
  return { payload, cut: letter.isExcerpt || letter.payload.length > payload.length * 4 }
}

/** Redrives or drops dead letters as `colloquy dead` does; the record of each says who asked for it. */
export async function resolveChosen(
  jetstream: JetStreamContext,
  { end, seqs, reason }: z.output<typeof resolveBody>,
  by: string,
): Promise<ResolvedLetters> {
  const found =
    seqs === undefined
      ? await firstDeadLetters(jetstream, { reason }, RESOLVED_MAX)
      : (await Promise.all([...new Set(seqs)].map((seq) => findDeadLetter(jetstream, seq)))).filter((letter) => letter !== undefined)
  const resolved: ResolvedLetters['resolved'][number][] = []
  await resolveDeadLetters(
    {
      jetstream,
      resolution: end,
      by,
      force: false,
      inFlightMax: IN_FLIGHT_MAX,
      timeoutMs: TIMEOUT_MS,
      onResolved: ({ deadLetter, outcome, error }) => resolved.push({ seq: deadLetter.seq, outcome, error }),
    },
    found,
  )
  return { resolved }
}
