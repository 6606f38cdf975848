import { z } from 'zod'
import type { ColloquyError } from '../../schemas/errors.ts'
import { askModel } from './ask-model.ts'
import { createTally } from './generation-tally.ts'
import { openModel } from './provider.ts'
import type { ConfiguredModel } from './read-models.ts'
import { withForm } from './structure.ts'

/** What one request of a probe took, or why it failed. */
export interface Probe {
  readonly error: ColloquyError | undefined
  /** `null` where no token came. */
  readonly firstTokenMs: number | null
  readonly totalMs: number
  /** `null` where the provider does not tell. */
  readonly tokensIn: number | null
  readonly tokensOut: number | null
  readonly cost: number | null
  readonly text: string
}

const TEXT = [{ role: 'user', content: 'Which city is the capital of Norway? Answer with its name alone. 只回答城市名。' }] as const
const FORM = z.object({ city: z.string(), country: z.string() })
const STRUCTURED = [{ role: 'user', content: 'Which city is the capital of Norway, and of which country is it?' }] as const
/** Reasoning models think before they answer. */
const TOKENS_OUT_MAX = 1_000

/** Asks a model for one short answer, or for one in a form. */
export async function probeModel(model: ConfiguredModel, as: 'text' | 'structure', signal: AbortSignal): Promise<Probe> {
  const startedAt = performance.now()
  let firstTokenMs: number | null = null
  const answer = await askModel(await openModel(model), model.entry, {
    messages: as === 'text' ? TEXT : withForm(STRUCTURED, FORM),
    schema: as === 'text' ? undefined : FORM,
    temperature: 0,
    tokensOutMax: Math.min(TOKENS_OUT_MAX, model.entry.contextMax / 2),
    signal,
    onDelta: () => undefined,
    onFirstToken: (ms) => {
      firstTokenMs = Math.round(ms)
    },
  })
  const { tokensIn = null, tokensOut = null } = answer.usage
  return {
    error: answer.kind === 'failed' ? answer.error : undefined,
    firstTokenMs,
    totalMs: Math.round(performance.now() - startedAt),
    tokensIn,
    tokensOut,
    cost: createTally().add(model.entry, answer.usage).known ?? null,
    text: answer.text,
  }
}
