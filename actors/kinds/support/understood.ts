import { z } from 'zod'
import { ACTS } from '../../../schemas/dialogue-acts.ts'
import type { Understood } from '../../definition/task-understanding.ts'
import { clip } from './clip.ts'

const INTENTS_MAX = 5
const REASONS_MAX = 8
const REASON_CHARS_MAX = 100
const NAME_CHARS_MAX = 256

/** What was understood of a message, as the record has it: the machine decides by it, and a replay does not classify again. */
export const understoodSchema = z.object({
  /** `null` for a message that was received before version 4. */
  act: z.enum(ACTS).nullable(),
  actConfidence: z.number(),
  /** Intents that the tenant taught, best first; empty where none was taught, or where the message is out of scope. */
  intents: z.array(z.object({ name: z.string().max(NAME_CHARS_MAX), confidence: z.number().min(0).max(1) })).max(INTENTS_MAX),
  because: z.array(z.string().max(REASON_CHARS_MAX)).max(REASONS_MAX),
  topic: z.string().max(NAME_CHARS_MAX).nullable(),
  version: z.string().max(256),
})
export type UnderstoodMessage = z.infer<typeof understoodSchema>

/** A message beside what was understood of it; `null`: nothing was. */
export interface HeardMessage {
  readonly text: string
  readonly understood: UnderstoodMessage | null
}

/** What the record keeps of an understanding. Reasons for intents come before those for the act. */
export const recordedForm = ({ act, intents, topic, version }: Understood): UnderstoodMessage => ({
  act: act.name,
  actConfidence: act.confidence,
  intents: intents.slice(0, INTENTS_MAX).map(({ name, confidence }) => ({ name, confidence })),
  because: [...new Set([...intents.slice(0, INTENTS_MAX).flatMap(({ because }) => because), ...act.because])]
    .slice(0, REASONS_MAX)
    .map((reason) => clip(reason, REASON_CHARS_MAX)),
  topic,
  version: version.slice(0, 256),
})

/** Version of the closed terms by which the machine recognises plain courtesies and calls for a person. */
const PLAIN_VERSION = 'courtesies@1'

/** The facts of a question for the tables, as its answer states them. */
export function factsOf(understood: UnderstoodMessage | null) {
  if (understood === null) return {}
  const { act, intents, because, version } = understood
  const [best] = intents
  return {
    ...(act !== null && { act }),
    ...(best !== undefined && { intent: best.name, intentConfidence: best.confidence }),
    intents,
    because,
    understandingVersion: version,
  }
}

/** The understanding of a message that is certain by its words alone. */
export const plainForm = (act: 'chitchat' | 'feedback' | 'handoff', text: string): UnderstoodMessage => ({
  act,
  actConfidence: 1,
  intents: [],
  because: [clip(text, REASON_CHARS_MAX)],
  topic: null,
  version: PLAIN_VERSION,
})

/** Whether a trained set took part: the version of an understanding then names it first. */
export const hasSet = (version: string): boolean => /^[A-Za-z0-9_-]+@\d+-/.test(version)
